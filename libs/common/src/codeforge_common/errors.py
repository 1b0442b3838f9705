"""The one tree of errors that the services raise and answer.

Each class means one thing and carries a stable ``code`` (snake_case), which clients see in problem documents and
in a job's ``failedReason``. Which HTTP status a code gets is decided in one table, in the gateway.
"""

from __future__ import annotations

from collections.abc import Sequence


class CodeForgeError(Exception):
    """Root of the tree. ``str(error)`` is a sentence for a person and never holds a secret or a client's input."""

    code = "internal_error"


class ConfigurationError(CodeForgeError):
    """Raised at start when the settings can't work; the process ends with a non-zero exit code."""

    code = "configuration_error"


class Unauthenticated(CodeForgeError):
    """Raised when a call names nobody that we can believe: no token, a bad one, or one that ran out."""

    code = "unauthenticated"


class UserMismatch(CodeForgeError):
    """Raised when a path or a body names another user than the caller."""

    code = "user_mismatch"


class StoreUnavailable(CodeForgeError):
    """Raised when the store didn't answer in time, refused the call or can't be reached.

    ``retry_after`` is in seconds.
    """

    code = "store_unavailable"

    def __init__(self, message: str = "The store can't be reached at the moment.", *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreFull(StoreUnavailable):
    """Raised when the store refuses new jobs because its memory is used up."""

    code = "store_full"


class NotDurable(StoreUnavailable):
    """Raised when a job was stored, but the disk's word for it didn't come in time (``JOB_DURABILITY=fsync``).

    ``job_id`` is the job's. The same submit with the same ``Idempotency-Key`` waits for the disk again.
    """

    code = "not_durable"

    def __init__(self, job_id: str) -> None:
        super().__init__("The job is stored, but not yet known to be on disk. Send it again with the same key.")
        self.job_id = job_id


class JobNotFound(CodeForgeError):
    """Raised for a job id that doesn't exist, isn't kept any more, or belongs to somebody else."""

    code = "job_not_found"


class UnknownJobType(CodeForgeError):
    """Raised for a job type that no worker has announced, or not as one that can be used. ``types`` are known ones."""

    code = "unknown_job_type"

    def __init__(self, message: str, *, types: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.types = tuple(types)


class JobTypesOutdated(CodeForgeError):
    """Raised when a submit was validated and sealed with an announcement that has been replaced since: do it again."""

    code = "job_types_outdated"


class RateLimited(CodeForgeError):
    """Raised when a user submits faster than the limit. ``retry_after`` is in seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyWaiting(RateLimited):
    """Raised when a user has as many waiting jobs as allowed (``USER_MAX_WAITING``)."""

    code = "too_many_waiting"


class TooManyMessages(RateLimited):
    """Raised when a user writes faster to the chat than the limit (``CHAT_RATE_LIMIT``)."""

    code = "too_many_messages"


class IdempotencyConflict(CodeForgeError):
    """Raised when an ``Idempotency-Key`` comes again with another body."""

    code = "idempotency_key_conflict"


class NotInThatState(CodeForgeError):
    """Raised when a job's state doesn't allow the change. ``status`` is the state that it is in."""

    code = "job_state_conflict"

    def __init__(self, message: str, *, status: str) -> None:
        super().__init__(message)
        self.status = status


class SecretExpired(CodeForgeError):
    """Raised by a retry when the job's sealed token has been wiped and the call brings no new one."""

    code = "secret_expired"


class UnknownStep(CodeForgeError):
    """Raised by a retry from a step that the job hasn't finished. ``steps`` are those that it has, in order."""

    code = "unknown_step"

    def __init__(self, message: str, *, steps: Sequence[str]) -> None:
        super().__init__(message)
        self.steps = tuple(steps)


class SecretUnreadable(CodeForgeError):
    """Raised in the worker when a sealed secret can't be opened: another ``SECRETS_KEY``, or it was tampered with."""

    code = "secret_unreadable"


class InvalidCursor(CodeForgeError):
    """Raised when a page's cursor isn't one that we gave out."""

    code = "invalid_cursor"
