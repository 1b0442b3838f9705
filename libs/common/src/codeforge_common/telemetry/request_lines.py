"""A line in the log for each request that was answered.

Rendered at once and not by the chain of small steps that other lines take: at thousands of requests a second that would
cost more than anything else in a request. What such a line can hold is known, and looks the same.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from opentelemetry import trace

from codeforge_common.secrets import Redactor

EVENT = "request"

_log = logging.getLogger("codeforge.requests")
_encode = json.JSONEncoder(ensure_ascii=False).encode  # of a text: as fast as anything
_PLAIN = re.compile(r"[^\s\"'=\\]+")


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What is said of a request.

    ``path`` is without the query, which may name a user, and which clients put tokens in.
    """

    client: str
    method: str
    path: str
    status: int


def log_request(line: RequestLine) -> None:
    """Logs that a request was answered, with the trace that is current."""
    if _log.isEnabledFor(logging.INFO):
        _log.handle(logging.LogRecord(_log.name, logging.INFO, __file__, 0, line, None, None))


class RequestFormatter(logging.Formatter):
    """Renders the lines of requests; ``otherwise`` renders all others."""

    def __init__(self, *, otherwise: logging.Formatter, service: str, redactor: Redactor, as_json: bool) -> None:
        super().__init__()
        self._otherwise = otherwise
        self._service = service
        self._service_as_json = _encode(service)
        self._redactor = redactor
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The record as the text of a line."""
        line: object = record.msg
        if not isinstance(line, RequestLine):
            return self._otherwise.format(record)
        path = self._redactor.text(line.path)
        timestamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:26] + "Z"
        context = trace.get_current_span().get_span_context()
        ids = (f"{context.span_id:016x}", f"{context.trace_id:032x}") if context.is_valid else None
        if self._as_json:
            within = f', "trace_id": "{ids[1]}", "span_id": "{ids[0]}"' if ids else ""
            return (
                f'{{"service": {self._service_as_json}, "event": "{EVENT}", "level": "info", '
                f'"logger": "{record.name}", "timestamp": "{timestamp}"{within}, "client": {_encode(line.client)}, '
                f'"method": {_encode(line.method)}, "path": {_encode(path)}, "status": {line.status}}}'
            )
        within = f" span_id={ids[0]} status={line.status} trace_id={ids[1]}" if ids else f" status={line.status}"
        return (
            f"{timestamp} [info     ] {EVENT:<30} [{record.name}] client={_shown(line.client)} "
            f"method={_shown(line.method)} path={_shown(path)} service={_shown(self._service)}{within}"
        )


def _shown(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.isprintable() else repr(text)
