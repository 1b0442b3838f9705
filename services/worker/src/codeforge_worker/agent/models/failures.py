"""What each error of a provider means for the job: the one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx2
from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from codeforge_common.handler import Fail
from codeforge_common.secrets import Redactor
from codeforge_worker.agent.models.failure import Passing
from codeforge_worker.agent.models.name import PROVIDERS, ModelName

LONGEST_QUOTE = 300
"""Characters of what a provider says that reach the person."""

ERRORS = (AgentRunError, httpx2.HTTPError, httpx2.StreamError)
"""What a call may raise because of its provider."""

_WAITED_FOR = frozenset({408, 409})
_TOO_LARGE = 413
_CONTEXT_WORDS = ("context length", "context window", "context size", "prompt is too long", "input is too long")
_QUOTA_STATUSES = frozenset({400, 402, 403, 429})
_QUOTA_WORDS = ("insufficient_quota", "billing", "credit balance")
_DECLINED_CODES = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})


class Failures:
    """Explains errors of the model ``name``; ``secrets``, and what looks like one, is never shown."""

    def __init__(self, name: ModelName, *, secrets: Sequence[str] = ()) -> None:
        self._name = name
        self._redactor = Redactor(secrets)

    def explain(self, error: Exception) -> Fail | Passing:
        """What to raise for one of :data:`ERRORS`."""
        if isinstance(error, ContentFilterError):
            return self.declined()
        if not isinstance(error, ModelAPIError):
            return Passing(f"what it answers can't be understood{self._quoted(error)}")
        return self._final(error) or self._passing(error)

    def declined(self) -> Fail:
        """The error for a request or an answer that the provider's filter stopped."""
        return Fail("model_declined", f"The model {self._name} declined the request by its provider's content rules.")

    def _final(self, error: ModelAPIError) -> Fail | None:
        status = error.status_code if isinstance(error, ModelHTTPError) else None
        said = self._quoted(error)
        words = said.lower()
        if isinstance(error, ModelQuotaExceededError) or (
            status in _QUOTA_STATUSES and any(each in words for each in _QUOTA_WORDS)
        ):
            return Fail("model_quota", f"The account at the model's provider has used up its quota or credit{said}")
        if isinstance(error, ModelAuthenticationError):
            key = PROVIDERS[self._name.provider].key.upper()
            return Fail("model_key_refused", f"The model's provider refuses the key; check {key}{said}")
        if isinstance(error, ModelNotFoundError):
            address = PROVIDERS[self._name.provider].address.upper()
            return Fail(
                "model_unknown", f"The provider has no model {self._name}; check AGENT_MODEL and {address}{said}"
            )
        if error.provider_error_code in _DECLINED_CODES:
            return self.declined()
        if status is None or status >= 500 or status in _WAITED_FOR or isinstance(error, ModelRateLimitError):
            return None
        if (
            isinstance(error, ModelContextWindowExceededError)
            or status == _TOO_LARGE
            or any(each in words for each in _CONTEXT_WORDS)
        ):
            return Fail("model_input_too_long", f"The request is too long for the model {self._name}{said}")
        return Fail("model_refused_request", f"The model's provider refuses the request with status {status}{said}")

    def _passing(self, error: ModelAPIError) -> Passing:
        after = error.retry_after
        if isinstance(error, ModelRateLimitError):
            return Passing(f"it limits how often it is called{self._quoted(error)}", after=after, shared=True)
        if isinstance(error, ModelTimeoutError):
            return Passing("it didn't answer in time.", after=after)
        if isinstance(error, ModelConnectionError):
            return Passing("the connection failed or broke.", after=after)
        return Passing(f"it has a fault of its own{self._quoted(error)}", after=after)

    def _quoted(self, error: Exception) -> str:
        said = " ".join(self._redactor.text(_said(error)).split())
        if not said:
            return "."
        return f": {said if len(said) <= LONGEST_QUOTE else said[: LONGEST_QUOTE - 1] + '…'}"


def _said(error: Exception) -> str:
    """The provider's own words: of an error in the usual shapes only its message, never headers."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping) and isinstance(inner := body.get("error"), Mapping):
        body = inner
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or ""
    return body if isinstance(body, str) else "" if isinstance(error, ModelHTTPError) else str(error)
