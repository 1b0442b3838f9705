"""Traces of calls, after OpenTelemetry's semantic conventions for generative AI: no prompt and no answer in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from codeforge_common.handler import Fail
from codeforge_worker.agent.models.failure import Passing
from codeforge_worker.agent.models.name import ModelName
from codeforge_worker.agent.models.usage import Usage

TRACER = trace.get_tracer("codeforge")
"""That of the process: nothing is recorded until it has set its provider."""


@contextmanager
def call_span(name: ModelName, *, tracer: Tracer = TRACER) -> Iterator[Span]:
    """A span for one call; what is raised in the block gives its ``error.type``. None of its own in a trace that isn't
    recorded: it would stand alone there."""
    above = trace.get_current_span()
    if above.get_span_context().is_valid and not above.is_recording():
        yield above
        return
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": name.provider.split("-")[0],
        "gen_ai.request.model": name.name,
    }
    # The error's text is the provider's: its kind is all that a trace gets.
    with tracer.start_as_current_span(
        f"chat {name.name}",
        kind=SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except (Fail, Passing) as error:
            kind = error.code if isinstance(error, Fail) else "model_unavailable"
            span.set_attribute("error.type", kind)
            span.set_status(Status(StatusCode.ERROR))
            raise


def note_usage(span: Span, usage: Usage) -> None:
    """Writes down the tokens."""
    span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
    span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
