"""A model as workflows use it: questions with a typed answer, and the turns of a conversation with tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from codeforge_worker.agent.models.budget import Budget
from codeforge_worker.agent.models.conversation import Conversation
from codeforge_worker.agent.models.tool import ToolCall, ToolSpec

OutputT = TypeVar("OutputT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[OutputT]):
    """``instructions`` say who the model is and what to keep to, ``prompt`` what is asked; ``output`` is the answer's
    shape, whose docstring and field descriptions the model reads, too."""

    instructions: str
    prompt: str
    output: type[OutputT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the model said and asks for. ``finished``: it asks for no tool, and its text is whole."""

    text: str
    calls: Sequence[ToolCall]
    finished: bool


class Model(Protocol):
    """Every call is checked against the job's budget before it is made, and its usage is added afterwards.

    Both methods raise :class:`LimitReached` where the budget ends; :class:`Fail` for what another try can't change:
    ``model_key_refused``, ``model_unknown``, ``model_input_too_long``, ``model_refused_request``, ``model_declined``,
    ``model_quota``; and :class:`Retry` for a provider that stays away longer than is waited for in the worker's slot.
    """

    @property
    def name(self) -> str:
        """``provider:name``."""

    async def ask(self, question: Question[OutputT], *, budget: Budget) -> OutputT:
        """The answer, in the shape that was asked for. An unusable one is asked for once more, with its fault.

        :raises Fail: ``model_answer_unusable`` for the second that is unusable, and what the class says.
        :raises Retry: see the class.
        """

    async def turn(
        self,
        conversation: Conversation,
        *,
        tools: Sequence[ToolSpec],
        budget: Budget,
        on_text: Callable[[str], None],
    ) -> Turn:
        """One request, whose answer is appended to the conversation; ``on_text`` gets its text while it comes.

        :raises Fail: see the class.
        :raises Retry: see the class; also for a stream that broke after text had been shown.
        """
