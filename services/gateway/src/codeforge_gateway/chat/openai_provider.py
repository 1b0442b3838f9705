"""Models behind OpenAI's Chat Completions: OpenAI, and every server that speaks it (Ollama, vLLM, Heroku, …)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from codeforge_common.settings import ModelSettings
from codeforge_common.store.conversations import Role
from codeforge_gateway.chat.prompt import Prompt, Turn
from codeforge_gateway.chat.provider import End

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletionMessageParam

CONNECT_SECONDS = 5.0

_ENDS = {"length": End.LENGTH, "content_filter": End.FILTERED}


class OpenAIProvider:
    """One model."""

    def __init__(self, client: AsyncOpenAI, *, model: str) -> None:
        self._client = client
        self._model = model

    @classmethod
    def open(cls, settings: ModelSettings, *, model: str) -> OpenAIProvider:
        """Imports the library and makes its client: a second of work, for a thread. Connects lazily."""
        from openai import AsyncOpenAI, Timeout

        key = settings.openai_api_key
        client = AsyncOpenAI(
            # A server of one's own may want none; the library insists on something.
            api_key=key.get_secret_value() if key else "none",
            base_url=settings.openai_base_url,
            timeout=Timeout(settings.agent_model_timeout_seconds, connect=CONNECT_SECONDS),
            max_retries=0,  # a person waits, and can send it again
        )
        _ = client.chat.completions  # so that its modules are imported here too
        return cls(client, model=model)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | End, None]:
        """The answer's pieces and its end."""
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": prompt.instructions},
            *map(_message, prompt.turns),
        ]
        stream = await self._client.chat.completions.create(model=self._model, messages=messages, stream=True)
        async with stream:
            async for chunk in stream:
                for choice in chunk.choices[:1]:
                    if text := choice.delta.content or choice.delta.refusal:
                        yield text
                    if choice.finish_reason:
                        yield _ENDS.get(choice.finish_reason, End.FINISHED)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _message(turn: Turn) -> ChatCompletionMessageParam:
    if turn.role is Role.USER:
        return {"role": "user", "content": turn.content}
    return {"role": "assistant", "content": turn.content}
