"""Models behind Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from codeforge_common.settings import ModelSettings
from codeforge_common.store.conversations import Role
from codeforge_gateway.chat.openai_provider import CONNECT_SECONDS
from codeforge_gateway.chat.prompt import Prompt, Turn
from codeforge_gateway.chat.provider import End

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.types import MessageParam, RawMessageStreamEvent

MOST_TOKENS = 4096
"""Tokens of an answer, which this provider wants to be told: about 16,000 characters."""

_ENDS = {"max_tokens": End.LENGTH, "refusal": End.FILTERED}


class AnthropicProvider:
    """One model."""

    def __init__(self, client: AsyncAnthropic, *, model: str) -> None:
        self._client = client
        self._model = model

    @classmethod
    def open(cls, settings: ModelSettings, *, model: str) -> AnthropicProvider:
        """Imports the library and makes its client: two seconds of work, for a thread. Connects lazily."""
        from anthropic import AsyncAnthropic, Timeout

        key = settings.anthropic_api_key
        client = AsyncAnthropic(
            api_key=key.get_secret_value() if key else "none",
            base_url=settings.anthropic_base_url,
            timeout=Timeout(settings.agent_model_timeout_seconds, connect=CONNECT_SECONDS),
            max_retries=0,
        )
        _ = client.messages
        return cls(client, model=model)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | End, None]:
        """The answer's pieces and its end."""
        from anthropic.types import RawContentBlockDeltaEvent, RawMessageDeltaEvent, TextDelta

        stream: AsyncStream[RawMessageStreamEvent] = await self._client.messages.create(
            model=self._model,
            max_tokens=MOST_TOKENS,
            system=prompt.instructions,
            messages=[_message(turn) for turn in prompt.turns],
            stream=True,
        )
        async with stream:
            async for event in stream:
                match event:
                    case RawContentBlockDeltaEvent(delta=TextDelta(text=text)):
                        yield text
                    case RawMessageDeltaEvent(delta=delta) if delta.stop_reason:
                        yield _ENDS.get(delta.stop_reason, End.FINISHED)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _message(turn: Turn) -> MessageParam:
    if turn.role is Role.USER:
        return {"role": "user", "content": turn.content}
    return {"role": "assistant", "content": turn.content}
