"""A model without a provider: it says what a test has written down, and counts what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart

from codeforge_worker.agent.models import Budget, Conversation, Question, ToolCall, ToolSpec, Turn, Usage
from codeforge_worker.agent.models.model import OutputT

PRICE = Usage(calls=1, input_tokens=100, output_tokens=10, cost=Decimal("0.001"), model="fake:one")
"""Of each call."""


def says(text: str, *calls: tuple[str, Mapping[str, Any] | None]) -> Turn:
    """A turn of the model: its text, and the tools that it calls."""
    named = [ToolCall(id=f"call-{place}", name=name, arguments=given) for place, (name, given) in enumerate(calls)]
    return Turn(text=text, calls=named, finished=not named)


class FakeModel:
    """``turns``: what it says, in order; an exception is raised instead. ``outputs``: its answer to a question, by the
    class of the output."""

    name = "fake:one"

    def __init__(self, *turns: Turn | Exception, outputs: Sequence[BaseModel | Exception] = ()) -> None:
        self.turns = list(turns)
        self.outputs = {type(output): output for output in outputs if isinstance(output, BaseModel)}
        self.refusal = next((output for output in outputs if isinstance(output, Exception)), None)
        self.questions: list[Question[Any]] = []
        self.heard: list[str] = []
        self.offered: list[Sequence[ToolSpec]] = []

    @property
    def calls(self) -> int:
        """What was paid."""
        return len(self.questions) + len(self.heard)

    async def ask(self, question: Question[OutputT], *, budget: Budget) -> OutputT:
        budget.check()
        self.questions.append(question)
        budget.spend(PRICE)
        if self.refusal is not None:
            raise self.refusal
        output = self.outputs[question.output]
        assert isinstance(output, question.output)
        return output

    async def turn(
        self, conversation: Conversation, *, tools: Sequence[ToolSpec], budget: Budget, on_text: Callable[[str], None]
    ) -> Turn:
        budget.check()
        self.heard.append(repr(conversation.messages))
        self.offered.append(tools)
        said = self.turns.pop(0)
        if isinstance(said, Exception):
            raise said
        budget.spend(PRICE)
        on_text(said.text)
        calls = [
            ToolCallPart(tool_name=call.name, args=dict(call.arguments or {}), tool_call_id=call.id)
            for call in said.calls
        ]
        conversation.append(ModelResponse(parts=[TextPart(content=said.text), *calls]))
        return said
