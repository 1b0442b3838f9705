"""Traces from the HTTP request to the handler and the event that a browser sees.

Span names and attributes follow OpenTelemetry's semantic conventions for messaging spans. A job's ``traceparent``
(W3C Trace Context) is stored with it, and whoever claims it goes on in that trace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from random import random
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from codeforge_common.secrets import Redactor
from codeforge_common.settings import TelemetrySettings
from codeforge_common.telemetry.span_redaction import RedactingProcessor
from codeforge_common.telemetry.unrecorded import Unrecorded

SYSTEM = "codeforge"
"""Value of ``messaging.system``."""

FLUSH_SECONDS = 2.0
"""How long a stop waits for the last spans to leave."""

_UNSAMPLED = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f][02468ace]")
"""The usual ``traceparent`` (W3C Trace Context, section 3.2) of a trace that isn't recorded, with its id."""

_PROPAGATOR = TraceContextTextMapPropagator()
_NO_CONTEXT = Context()


def traceparent() -> str | None:
    """The current span as a ``traceparent`` header, None outside any span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def context_of(traceparent: str | None) -> Context:
    """The context to go on in; an empty one (a new trace) for None or what isn't a ``traceparent``."""
    if not traceparent:
        return _NO_CONTEXT
    return _PROPAGATOR.extract({"traceparent": traceparent}, context=_NO_CONTEXT)


def link_to(traceparent: str | None) -> list[Link]:
    """A link to that span, to be given as ``links``; none for what isn't a ``traceparent``."""
    span = trace.get_current_span(context_of(traceparent)).get_span_context()
    return [Link(span)] if span.is_valid else []


def trace_id() -> str | None:
    """The current trace's id (32 hex digits), None outside any span."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


class Tracing:
    """Makes the spans of one process, and sends them away in the background."""

    def __init__(
        self,
        settings: TelemetrySettings,
        *,
        service: str,
        redactor: Redactor,
        processor: SpanProcessor | None = None,
    ) -> None:
        """``processor`` takes the redacted spans in tests; else they go to ``OTEL_EXPORTER_OTLP_ENDPOINT``, if set.

        Where nothing is sent, spans aren't recorded, but still have ids, for logs and error documents.
        """
        if processor is None and settings.otel_exporter_otlp_endpoint is not None:
            processor = _exporting_to(settings.otel_exporter_otlp_endpoint)
        self._ratio = 0.0 if processor is None else settings.otel_traces_sampler_arg
        self.provider = TracerProvider(
            sampler=ALWAYS_ON,  # what isn't sampled doesn't get there
            resource=Resource.create({"service.name": settings.otel_service_name or f"codeforge-{service}"}),
            shutdown_on_exit=False,  # the interpreter would wait for the collector without a limit
        )
        if processor is not None:
            self.provider.add_span_processor(RedactingProcessor(processor, redactor=redactor))
        self._tracer = self.provider.get_tracer("codeforge")

    def span(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: str | None = None,
        attributes: Mapping[str, str | int | float | bool] | None = None,
    ) -> AbstractContextManager[Span]:
        """A span that is current while the block runs; below the traceparent ``parent`` or else the current span."""
        return self._unrecorded(parent) or self._recorded(name, kind=kind, parent=parent, attributes=attributes)

    def send(self, destination: str, *, job_id: str, parent: str | None = None) -> AbstractContextManager[Span]:
        """The span of a message on its way: a job to its type's queue, or a ``job:update`` to a socket.

        Below a span that isn't recorded it is that span itself: nobody would ever see another one.
        """
        current = trace.get_current_span()
        if parent is None and current.get_span_context().is_valid and not current.is_recording():
            return nullcontext(current)
        return self._unrecorded(parent) or self._recorded(
            f"send {destination}",
            kind=SpanKind.PRODUCER,
            parent=parent,
            attributes=_messaging("send", destination, job_id=job_id),
        )

    def process(
        self, job_type: str, *, job_id: str, attempt: int, parent: str | None, ring: str | None = None
    ) -> AbstractContextManager[Span]:
        """The span of one attempt at a job, in the trace of its submit.

        ``parent``: the job's traceparent; without one a new trace begins. ``ring``: that of the ring that woke the
        worker, kept as a link only, for it may have been sent for another job.
        """
        parent = parent or ""
        return self._unrecorded(parent) or self._recorded(
            f"process {job_type}",
            kind=SpanKind.CONSUMER,
            parent=parent,
            links=link_to(ring),
            attributes={**_messaging("process", job_type, job_id=job_id), "codeforge.job.attempt": attempt},
        )

    def _unrecorded(self, parent: str | None) -> Unrecorded | None:
        """The span to begin below ``parent``, or else the current span, where that one isn't recorded."""
        if parent and (known := _UNSAMPLED.fullmatch(parent)):
            return Unrecorded(int(known[1], 16))
        above = trace.get_current_span(_context(parent)).get_span_context()
        if above.trace_flags.sampled if above.is_valid else random() < self._ratio:
            return None
        return Unrecorded(above.trace_id if above.is_valid else None)

    def _recorded(
        self,
        name: str,
        *,
        kind: SpanKind,
        parent: str | None,
        attributes: Mapping[str, str | int | float | bool] | None,
        links: Sequence[Link] = (),
    ) -> AbstractContextManager[Span]:
        return self._tracer.start_as_current_span(
            name, context=_context(parent), kind=kind, attributes=attributes, links=links
        )

    def shutdown(self, *, timeout: float = FLUSH_SECONDS) -> None:
        """Sends what is left, for at most ``timeout`` seconds: a collector that is away must not hold up a stop."""
        sender = Thread(target=self.provider.shutdown, name="trace-flush", daemon=True)
        sender.start()
        sender.join(timeout)


def _context(parent: str | None) -> Context | None:
    return None if parent is None else context_of(parent)


def _exporting_to(endpoint: str) -> SpanProcessor:
    # Imported when it is needed: it takes a third of a second, also in each child of a worker.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))


def _messaging(operation: str, destination: str, *, job_id: str) -> dict[str, str]:
    return {
        "messaging.system": SYSTEM,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": destination,
        "messaging.message.id": job_id,
    }
