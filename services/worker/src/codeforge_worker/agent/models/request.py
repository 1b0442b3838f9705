"""One request to a provider: streamed, measured, traced, its errors explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opentelemetry.trace import Tracer
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse

from codeforge_worker.agent.models.budget import Budget
from codeforge_worker.agent.models.failure import Passing
from codeforge_worker.agent.models.failures import ERRORS, Failures
from codeforge_worker.agent.models.name import ModelName
from codeforge_worker.agent.models.prices import price
from codeforge_worker.agent.models.spans import call_span, note_usage
from codeforge_worker.agent.models.usage import Usage

_CHARACTERS_PER_TOKEN = 4
"""A rule of thumb, for servers that don't say what they counted: the job's limit has to hold there, too."""


class Requests:
    """Requests to the model ``name`` by ``provider``."""

    def __init__(self, name: ModelName, *, provider: Model, failures: Failures, tracer: Tracer) -> None:
        self._name = name
        self._provider = provider
        self._failures = failures
        self._tracer = tracer

    async def send(
        self,
        messages: Sequence[ModelMessage],
        wanted: ModelRequestParameters,
        *,
        budget: Budget,
        on_text: Callable[[str], None],
    ) -> ModelResponse:
        """The whole answer, whose text goes to ``on_text`` while it comes. What was answered counts, broken or not.

        :raises Passing: another try may help.
        :raises Fail: none can.
        """
        with call_span(self._name, tracer=self._tracer) as span:
            try:
                async with model_request_stream(
                    self._provider, messages, model_request_parameters=wanted, instrument=False
                ) as stream:
                    try:
                        async for event in stream:
                            on_text(_text(event))
                    finally:
                        used = self._measured(messages, stream)
                        budget.spend(used)
                        note_usage(span, used)
                    response = stream.get()
            except ERRORS as error:
                raise self._failures.explain(error) from error
            if response.finish_reason == "content_filter":
                raise self._failures.declined()
            if response.finish_reason is None:  # a polite end in the middle, as when a proxy's time is up
                raise Passing("its answer broke off.")
            return response

    def _measured(self, messages: Sequence[ModelMessage], stream: StreamedResponse) -> Usage:
        used = stream.usage
        if used.input_tokens or used.output_tokens:
            cost = price(used, name=self._name)
            read, written = used.input_tokens, used.output_tokens
        else:
            cost = None
            read = len(ModelMessagesTypeAdapter.dump_json(list(messages))) // _CHARACTERS_PER_TOKEN
            written = len(ModelMessagesTypeAdapter.dump_json([stream.get()])) // _CHARACTERS_PER_TOKEN
        return Usage(calls=1, input_tokens=read, output_tokens=written, cost=cost, model=str(self._name))


def _text(event: ModelResponseStreamEvent) -> str:
    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return text
        case _:
            return ""
