"""The one table from error code to HTTP status, and the errors that only HTTP knows.

Every error that reaches a client is a :class:`~codeforge_common.errors.CodeForgeError`; how it becomes a document
stands in :mod:`codeforge_gateway.problems`. A test holds the table against the whole tree of errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codeforge_common.errors import CodeForgeError, RateLimited


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem as clients meet it. ``about`` says in a sentence what it means, for the API document."""

    status: int
    title: str
    about: str


PROBLEMS: Mapping[str, ProblemType] = {
    "invalid_request": ProblemType(400, "Invalid request", "`errors` names every fault of the path, query or body."),
    "invalid_json": ProblemType(400, "Invalid JSON", "The body isn't JSON that this API can read."),
    "invalid_cursor": ProblemType(400, "Invalid cursor", "The cursor isn't one that this service gave out."),
    "host_not_allowed": ProblemType(400, "Host not allowed", "Development mode answers only to ALLOWED_HOSTS."),
    "unauthenticated": ProblemType(401, "Not authenticated", "The call names nobody that can be believed."),
    "origin_not_allowed": ProblemType(403, "Origin not allowed", "Pages of this origin aren't in CORS_ORIGINS."),
    "user_mismatch": ProblemType(403, "Another user", "The path or body names another user than the caller."),
    "job_not_found": ProblemType(404, "Job not found", "Unknown, no longer kept, or somebody else's."),
    "unknown_job_type": ProblemType(404, "Unknown job type", "No worker has announced it; `types` lists those known."),
    "conversation_not_found": ProblemType(404, "Conversation not found", "Not answered, no longer kept, or another's."),
    "not_found": ProblemType(404, "Not found", "Nothing is served at this address."),
    "method_not_allowed": ProblemType(405, "Method not allowed", "`Allow` lists what this address can do."),
    "request_timeout": ProblemType(408, "Request timeout", "The body didn't come within BODY_TIMEOUT_SECONDS."),
    "job_state_conflict": ProblemType(409, "Not possible in this state", "The job's state doesn't allow the change."),
    "secret_expired": ProblemType(409, "Secret expired", "The job's token is gone: retry it with a new one."),
    "unknown_step": ProblemType(409, "Unknown step", "The job has finished no such step; `steps` lists those it has."),
    "body_too_large": ProblemType(413, "Body too large", "The body has more bytes than MAX_BODY_BYTES."),
    "unsupported_media_type": ProblemType(415, "Unsupported media type", "Bodies are `application/json` in UTF-8."),
    "idempotency_key_conflict": ProblemType(422, "Idempotency key reused", "The key came before, with another body."),
    "rate_limited": ProblemType(429, "Too many requests", "Faster than SUBMIT_RATE_LIMIT; wait for `Retry-After`."),
    "too_many_waiting": ProblemType(429, "Too many waiting jobs", "The user has USER_MAX_WAITING jobs waiting."),
    "too_many_streams": ProblemType(429, "Too many streams", "The user has STREAMS_PER_USER event streams open."),
    "too_many_messages": ProblemType(429, "Too many messages", "Faster than CHAT_RATE_LIMIT; wait for `Retry-After`."),
    "too_many_chats": ProblemType(429, "Too many answers under way", "CHATS_PER_USER or CHATS_AT_ONCE is reached."),
    "internal_error": ProblemType(500, "Internal error", "A fault on our side; `traceId` finds it in the logs."),
    "configuration_error": ProblemType(500, "Internal error", "The service is configured wrongly."),
    "secret_unreadable": ProblemType(500, "Internal error", "A sealed secret can't be opened."),
    "model_not_supported": ProblemType(501, "Model not supported", "The chat doesn't know AGENT_MODEL's provider."),
    "model_refused": ProblemType(502, "Model refused", "The provider refuses the key, the model or the message."),
    "store_unavailable": ProblemType(503, "Store unavailable", "Nothing was changed, or the call can be repeated."),
    "not_durable": ProblemType(503, "Not yet durable", "Stored; whether on disk isn't known yet: send it again."),
    "store_full": ProblemType(503, "Store full", "No room for new jobs; those accepted go on."),
    "model_unavailable": ProblemType(503, "Model unavailable", "The model's provider fails or asks for patience."),
    "job_types_outdated": ProblemType(503, "Job types changing", "The job type was announced anew: try again."),
    "answer_too_slow": ProblemType(504, "Answer too slow", "Ask for a stream, or send it to the background."),
}
"""Every error code that a client may see. The codes are those of the error classes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request. ``path`` is dotted (``context.files.0``), empty for the body itself.

    ``message`` never repeats what the client sent: a token may be among it.
    """

    path: str
    message: str


class InvalidRequest(CodeForgeError):
    """Raised when a path, a query, a header or a body isn't valid. ``faults`` are all of them."""

    code = "invalid_request"

    def __init__(self, faults: Sequence[Fault], message: str | None = None) -> None:
        missing = [fault.path for fault in faults if fault.message == MISSING]
        super().__init__(
            message or (f"Missing: {', '.join(missing)}." if missing else "Some of what was sent isn't valid.")
        )
        self.faults = faults


MISSING = "is required"
"""The message of a fault for a member that isn't there."""


class InvalidJson(InvalidRequest):
    """Raised when a body can't be read as JSON."""

    code = "invalid_json"

    def __init__(self, message: str) -> None:
        super().__init__([Fault("", message)], f"The body {message}.")


class HostNotAllowed(CodeForgeError):
    """Raised in development mode when the request names a host that isn't in ``ALLOWED_HOSTS``."""

    code = "host_not_allowed"


class OriginNotAllowed(CodeForgeError):
    """Raised when a page of another origin, not in ``CORS_ORIGINS``, wants to change something."""

    code = "origin_not_allowed"


class NotFound(CodeForgeError):
    """Raised when nothing is served at an address."""

    code = "not_found"


class MethodNotAllowed(CodeForgeError):
    """Raised when an address doesn't serve a method. ``allow`` are those that it serves."""

    code = "method_not_allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"This address serves {allow}." if allow else "This address doesn't serve that method.")
        self.allow = allow


class BodyTooLarge(CodeForgeError):
    """Raised while a body is read, as soon as it has more bytes than allowed."""

    code = "body_too_large"


class RequestTimeout(CodeForgeError):
    """Raised when a body doesn't come, or not to its end, in the time allowed."""

    code = "request_timeout"


class TooManyStreams(RateLimited):
    """Raised when a user who has as many event streams open as allowed (``STREAMS_PER_USER``) asks for another one."""

    code = "too_many_streams"


class UnsupportedMediaType(CodeForgeError):
    """Raised when a body isn't announced as JSON."""

    code = "unsupported_media_type"
