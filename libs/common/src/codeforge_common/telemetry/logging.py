"""Structured logs: one line an event, with job, attempt and trace, from our loggers and everybody else's alike."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog
from opentelemetry import trace
from structlog.dev import plain_traceback
from structlog.types import Processor

from codeforge_common.secrets import Redactor
from codeforge_common.settings import TelemetrySettings
from codeforge_common.telemetry.request_lines import RequestFormatter

Event = MutableMapping[str, Any]

PROBES = ("/healthz", "/readyz", "/metrics")
"""Paths whose requests aren't logged: something asks for them every other second."""


def configure_logging(
    settings: TelemetrySettings, *, service: str, redactor: Redactor, stream: TextIO | None = None
) -> None:
    """Sends every log line of the process to ``stream`` (standard error), redacted; also what nobody caught.

    ``job_id`` and ``attempt`` are on a line while they are bound: ``structlog.contextvars.bound_contextvars``.
    Start uvicorn with ``log_config=None`` and ``access_log=False``: its access lines hold queries, and cost much.
    Requests are logged by :func:`~codeforge_common.telemetry.request_lines.log_request`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        _Constant(service=service),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream or sys.stderr)
    usual = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            # Text before redaction: a traceback that a renderer formats itself would be past it.
            structlog.processors.format_exc_info,
            _Redaction(redactor),
            _renderer(settings, colors=handler.stream.isatty()),
        ],
    )
    as_json = settings.log_format == "json"
    handler.setFormatter(RequestFormatter(otherwise=usual, service=service, redactor=redactor, as_json=as_json))
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    _log_what_nobody_caught()


_CHATTY = ("anthropic", "httpcore2", "httpx2", "openai")
"""They log every request, at debug with all that it holds: a chat's words, a repository's files."""


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that a second call replaces it and leaves a test's capturing handlers alone."""


def _renderer(settings: TelemetrySettings, *, colors: bool) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain_traceback)


class _Constant:
    """Adds the same fields to every line."""

    def __init__(self, **fields: str) -> None:
        self._fields = fields

    def __call__(self, logger: Any, method: str, event: Event) -> Event:
        return {**self._fields, **event}


class _Redaction:
    """Takes secrets out of everything that a line says, at any depth."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, logger: Any, method: str, event: Event) -> Event:
        clean: dict[str, Any] = self._redactor.clean(dict(event))
        return clean


def _add_trace(logger: Any, method: str, event: Event) -> Event:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def _log_what_nobody_caught() -> None:
    # The interpreter would print these itself, and not redacted.
    log = structlog.get_logger("codeforge")

    def in_main(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("the process ends by an error", exc_info=(kind, error, traceback))

    def in_thread(said: threading.ExceptHookArgs) -> None:
        if said.exc_value is not None and not issubclass(said.exc_type, SystemExit):
            error = (said.exc_type, said.exc_value, said.exc_traceback)
            log.critical("a thread ended by an error", thread=said.thread and said.thread.name, exc_info=error)

    sys.excepthook = in_main
    threading.excepthook = in_thread
