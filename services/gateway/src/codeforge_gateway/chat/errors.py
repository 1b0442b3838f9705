"""How the chat may fail. Each sentence is ours: what a provider says stands in the log, redacted."""

from __future__ import annotations

from codeforge_common.errors import CodeForgeError, RateLimited


class ModelError(CodeForgeError):
    """Raised when the chat's model gave no answer."""


class ModelUnavailable(ModelError):
    """Raised when the model's provider can't be reached, fails, breaks off or asks for patience.

    ``retry_after`` is in seconds.
    """

    code = "model_unavailable"

    def __init__(self, message: str, *, retry_after: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelRefused(ModelError):
    """Raised when the provider refuses: the key, the model, the request, or to answer this message."""

    code = "model_refused"


class ModelNotSupported(ModelError):
    """Raised when ``AGENT_MODEL`` names a provider that the chat doesn't know."""

    code = "model_not_supported"


class AnswerTooSlow(ModelError):
    """Raised when the model hasn't finished its answer in the time that there is."""

    code = "answer_too_slow"


class TooManyChats(RateLimited):
    """Raised when a user, or all users of a gateway, have as many answers under way as allowed."""

    code = "too_many_chats"


class ConversationNotFound(CodeForgeError):
    """Raised when nothing is kept of a session for the caller: not answered yet, too old, or somebody else's."""

    code = "conversation_not_found"
