"""The model as it is reached over the network, with pydantic-ai. Imported by opening.py only, and late: it is heavy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from opentelemetry.trace import Tracer
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from codeforge_common.handler import Fail
from codeforge_common.settings import ModelSettings
from codeforge_worker.agent.models.budget import Budget, LimitReached
from codeforge_worker.agent.models.client import client
from codeforge_worker.agent.models.conversation import Conversation
from codeforge_worker.agent.models.failures import Failures
from codeforge_worker.agent.models.model import OutputT, Question, Turn
from codeforge_worker.agent.models.name import ModelName, address_of
from codeforge_worker.agent.models.patience import Patience
from codeforge_worker.agent.models.request import Requests
from codeforge_worker.agent.models.spans import TRACER
from codeforge_worker.agent.models.structured import Unusable, parameters, read
from codeforge_worker.agent.models.tool import ToolCall, ToolSpec

_GO_ON = "Your message was cut off where it reached its greatest length. Go on exactly where it ends."


class RemoteModel:
    """See :class:`Model`."""

    def __init__(self, name: ModelName, *, requests: Requests, patience: Patience) -> None:
        self._name = name
        self._requests = requests
        self._patience = patience

    @property
    def name(self) -> str:
        """``provider:name``."""
        return str(self._name)

    async def ask(self, question: Question[OutputT], *, budget: Budget) -> OutputT:
        """See :meth:`Model.ask`."""
        conversation = Conversation.start(question.instructions, question.prompt)
        wanted = parameters(question.output)
        response = await self._call(conversation, wanted, budget=budget)
        try:
            return read(response, output=question.output)
        except Unusable as fault:
            _complain(conversation, response, str(fault))
        try:
            return read(await self._call(conversation, wanted, budget=budget), output=question.output)
        except Unusable as fault:
            raise Fail(
                "model_answer_unusable", f"The model {self._name} gave an answer twice that can't be used. {fault}"
            ) from fault

    async def turn(
        self,
        conversation: Conversation,
        *,
        tools: Sequence[ToolSpec],
        budget: Budget,
        on_text: Callable[[str], None],
    ) -> Turn:
        """See :meth:`Model.turn`."""
        offered = ModelRequestParameters(function_tools=[_definition(tool) for tool in tools])
        response = await self._call(conversation, offered, budget=budget, on_text=on_text)
        calls = [_call(part) for part in response.parts if isinstance(part, ToolCallPart)]
        cut = response.finish_reason == "length" and not calls
        if cut:
            conversation.say(_GO_ON)
        return Turn(text=response.text or "", calls=calls, finished=not calls and not cut)

    async def _call(
        self,
        conversation: Conversation,
        wanted: ModelRequestParameters,
        *,
        budget: Budget,
        on_text: Callable[[str], None] | None = None,
    ) -> ModelResponse:
        shown = False

        def show(text: str) -> None:
            nonlocal shown
            if text and on_text is not None:
                shown = True
                on_text(text)

        async def attempt() -> ModelResponse:
            budget.check()
            return await self._requests.send(conversation.messages, wanted, budget=budget, on_text=show)

        budget.check()
        allowed = asyncio.timeout(budget.remaining_seconds)
        try:
            async with allowed:
                # Text that was shown can't be taken back here; the next attempt cuts it off.
                response = await self._patience(attempt, repeatable=lambda: not shown)
        except TimeoutError:
            if not allowed.expired():
                raise
            raise LimitReached.time(budget) from None
        conversation.append(_sendable(response))
        return response


@asynccontextmanager
async def connected(
    name: ModelName, *, settings: ModelSettings, patience: Patience | None = None, tracer: Tracer = TRACER
) -> AsyncIterator[RemoteModel]:
    """The model ``name``; its connections are closed when the block ends. ``patience``: None takes the settings'."""
    failures = Failures(name, secrets=settings.provider_keys)
    patience = patience or Patience(address=address_of(name, settings=settings), attempts=settings.agent_model_attempts)
    async with client(name, settings=settings) as provider:
        requests = Requests(name, provider=provider, failures=failures, tracer=tracer)
        yield RemoteModel(name, requests=requests, patience=patience)


def _definition(tool: ToolSpec) -> ToolDefinition:
    return ToolDefinition(
        name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters), strict=False
    )


def _call(part: ToolCallPart) -> ToolCall:
    try:
        arguments = part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError):
        return ToolCall(id=part.tool_call_id, name=part.tool_name, arguments=None)
    return ToolCall(id=part.tool_call_id, name=part.tool_name, arguments=arguments)


def _sendable(response: ModelResponse) -> ModelResponse:
    """``response`` as it can be sent back: servers refuse a history with arguments that aren't a JSON object."""
    parts = [_with_object(part) if isinstance(part, ToolCallPart) else part for part in response.parts]
    return replace(response, parts=parts)


def _with_object(part: ToolCallPart[Any]) -> ToolCallPart[Any]:
    return replace(part, args=part.args_as_dict())


def _complain(conversation: Conversation, response: ModelResponse, fault: str) -> None:
    calls = [_call(part) for part in response.parts if isinstance(part, ToolCallPart)]
    for call in calls:
        conversation.answer(call, fault)
    if not calls:
        conversation.say(fault)
