"""What was said between a workflow and a model, in a form that outlives the worker."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codeforge_worker.agent.models.tool import ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic_ai.messages import ModelMessage, ModelRequestPart, ModelResponse, ToolCallPart

# pydantic_ai is imported where it is needed: whoever has a conversation has opened a model, which loaded it.


class Conversation:
    """A list of messages. What is said to the model waits until the next turn sends it as one message."""

    def __init__(self, *, instructions: str) -> None:
        self._instructions = instructions
        self._messages: list[ModelMessage] = []
        self._kept = 0

    @classmethod
    def start(cls, instructions: str, prompt: str) -> Conversation:
        """A new one. ``instructions`` go with every request; ``prompt`` is the user's first message."""
        conversation = cls(instructions=instructions)
        conversation.say(prompt)
        return conversation

    @property
    def messages(self) -> Sequence[ModelMessage]:
        """All messages until now, for the model."""
        return self._messages

    def say(self, text: str) -> None:
        """Appends a message of the user."""
        from pydantic_ai.messages import UserPromptPart

        self._append(UserPromptPart(content=text))

    def answer(self, call: ToolCall, text: str) -> None:
        """Appends a tool's answer, or what was wrong with the call."""
        from pydantic_ai.messages import ToolReturnPart

        self._append(ToolReturnPart(tool_name=call.name, content=text, tool_call_id=call.id))

    def append(self, response: ModelResponse) -> None:
        """Appends what the model said."""
        self._messages.append(response)

    def shorten(self, call: ToolCall) -> None:
        """Leaves out the arguments of a call in the last message, which were too long to be kept."""
        self._change(call, lambda part: [replace(part, args='{"left_out": "too long"}')])

    def drop(self, call: ToolCall) -> None:
        """Leaves a call out of the last message, as if it hadn't been made; it isn't to be answered."""
        self._change(call, lambda part: [])

    def _change(self, call: ToolCall, change: Callable[[ToolCallPart], list[ToolCallPart]]) -> None:
        from pydantic_ai.messages import ModelResponse, ToolCallPart

        last = self._messages[-1]
        assert isinstance(last, ModelResponse), "what a model says comes before the answers to it"
        last.parts = [
            changed
            for part in last.parts
            for changed in (change(part) if isinstance(part, ToolCallPart) and part.tool_call_id == call.id else [part])
        ]

    def new(self) -> list[Any]:
        """The messages since this was last asked, as JSON: what a durable step keeps."""
        from pydantic_ai.messages import ModelMessagesTypeAdapter

        fresh = self._messages[self._kept :]
        self._kept = len(self._messages)
        dumped: list[Any] = ModelMessagesTypeAdapter.dump_python(fresh, mode="json")
        return dumped

    def extend(self, kept: Sequence[Any]) -> None:
        """Puts back what :meth:`new` gave, in the order in which it was kept.

        That has what was said before that turn, too: whatever was said again since the last kept message is dropped.
        """
        from pydantic_ai.messages import ModelMessagesTypeAdapter

        del self._messages[self._kept :]
        self._messages += ModelMessagesTypeAdapter.validate_python(kept)
        self._kept = len(self._messages)

    def _append(self, part: ModelRequestPart) -> None:
        from pydantic_ai.messages import ModelRequest

        last = self._messages[-1] if len(self._messages) > self._kept else None
        if isinstance(last, ModelRequest):
            last.parts = [*last.parts, part]
        else:
            self._messages.append(ModelRequest(parts=[part], instructions=self._instructions or None))
