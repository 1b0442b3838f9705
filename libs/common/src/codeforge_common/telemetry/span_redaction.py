"""Takes secrets out of spans before they are kept for export."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Link, Status

from codeforge_common.secrets import Redactor


class RedactingProcessor(SpanProcessor):
    """Hands redacted copies of ended spans to ``inner``.

    At the end of each span and not at the export: seconds later the job's secrets aren't known any more.
    """

    def __init__(self, inner: SpanProcessor, *, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to take out yet."""
        self._inner.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Passes on a copy whose name, attributes, events, links and status hold no secret."""
        self._inner.on_end(self._clean(span))

    def shutdown(self) -> None:
        """Sends what is left."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Sends what is left and goes on."""
        return self._inner.force_flush(timeout_millis)

    def _clean(self, span: ReadableSpan) -> ReadableSpan:
        return ReadableSpan(
            name=self._redactor.text(span.name),
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=self._attributes(span.attributes),
            events=[
                Event(self._redactor.text(event.name), self._attributes(event.attributes), event.timestamp)
                for event in span.events
            ],
            links=[Link(link.context, self._attributes(link.attributes)) for link in span.links],
            kind=span.kind,
            status=self._status(span.status),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _attributes(self, attributes: Any) -> dict[str, Any]:
        clean: dict[str, Any] = self._redactor.clean(dict(attributes or {}))
        return clean

    def _status(self, status: Status) -> Status:
        if not status.description:
            return status
        return Status(status.status_code, self._redactor.text(status.description))
