"""The chat's model: opened at the first call, paused while its provider asks for patience, its failures told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Protocol

import structlog

from codeforge_common.secrets import Redactor
from codeforge_common.settings import ModelSettings
from codeforge_gateway.chat.anthropic_provider import AnthropicProvider
from codeforge_gateway.chat.errors import ModelNotSupported, ModelRefused, ModelUnavailable
from codeforge_gateway.chat.failures import asks_for_patience, failure_of
from codeforge_gateway.chat.openai_provider import OpenAIProvider
from codeforge_gateway.chat.prompt import Prompt
from codeforge_gateway.chat.provider import End, Provider

TOLD = 300
"""Characters of a provider's own words in a line of the log."""

_log = structlog.get_logger(__name__)


class _Kind(Protocol):
    def open(self, settings: ModelSettings, *, model: str) -> Provider: ...


PROVIDERS: Mapping[str, _Kind] = {
    "openai": OpenAIProvider,
    "openai-chat": OpenAIProvider,
    "anthropic": AnthropicProvider,
}
"""Providers that the chat knows, as ``AGENT_MODEL`` spells them."""


class Model:
    """``AGENT_MODEL``. ``clock`` gives seconds that only grow."""

    def __init__(self, settings: ModelSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self.provider, _, self.name = (settings.agent_model or "").partition(":")
        keys = (settings.openai_api_key, settings.anthropic_api_key)
        self._redactor = Redactor(key.get_secret_value() for key in keys if key is not None)
        self._opened: Provider | None = None
        self._opening = asyncio.Lock()
        self._paused_until = -float("inf")
        if self.configured and self.provider not in PROVIDERS:
            _log.warning("the chat doesn't know the provider of AGENT_MODEL", provider=self.provider)

    @property
    def configured(self) -> bool:
        """Whether there is a model at all."""
        return self._settings.agent_model is not None

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | End, None]:
        """The answer's pieces as they come, then ``End.FINISHED`` or ``End.LENGTH``. Close it to end the call.

        Raises ModelUnavailable, ModelRefused, ModelNotSupported.
        """
        if self.provider not in PROVIDERS:
            raise ModelNotSupported(f"The chat doesn't know the provider of AGENT_MODEL: use {', '.join(PROVIDERS)}.")
        if (left := self._paused_until - self._clock()) > 0:
            raise ModelUnavailable("The model's provider asks for patience: too many requests.", retry_after=left)
        end: End | None = None
        try:
            provider = await self._open()
            async with aclosing(provider.stream(prompt)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, End):
                        end = piece
                    else:
                        yield piece
        except Exception as error:
            # Nothing of ours runs in here: whatever it is, the provider or its library failed.
            raise self._failure(error) from None
        if end is None:
            raise self._broken("the stream ended early", "The model's provider broke off in the middle of the answer.")
        if end is End.FILTERED:
            raise ModelRefused("The model's provider declines to answer this message.")
        yield end

    async def close(self) -> None:
        """Closes the connections."""
        if self._opened is not None:
            await self._opened.close()

    async def _open(self) -> Provider:
        async with self._opening:
            if self._opened is None:
                # In a thread: the library's import would hold every request of the process up.
                self._opened = await asyncio.to_thread(PROVIDERS[self.provider].open, self._settings, model=self.name)
            return self._opened

    def _failure(self, error: Exception) -> ModelUnavailable | ModelRefused:
        failure = failure_of(error)
        if asks_for_patience(error) and isinstance(failure, ModelUnavailable):
            self._paused_until = self._clock() + failure.retry_after
        _log.warning(
            "a call of the chat's model failed",
            code=failure.code,
            error=type(error).__name__,
            status=getattr(error, "status_code", None),
            said=self._redactor.text(str(error))[:TOLD],
        )
        return failure

    def _broken(self, why: str, message: str) -> ModelUnavailable:
        _log.warning("a call of the chat's model failed", code=ModelUnavailable.code, error=why)
        return ModelUnavailable(message)
