from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from codeforge_common.secrets import Redactor
from codeforge_common.settings import TelemetrySettings
from codeforge_common.telemetry.logging import configure_logging
from codeforge_common.telemetry.request_lines import RequestLine, log_request
from codeforge_common.telemetry.tracing import Tracing

SUBMIT = RequestLine("127.0.0.1:5000", "POST", "/api/jobs/agent-task", 202)


@pytest.fixture(autouse=True)
def former_logging() -> Iterator[None]:
    root, excepthook, thread_hook = logging.getLogger(), sys.excepthook, threading.excepthook
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, sys.excepthook, threading.excepthook = handlers, excepthook, thread_hook
    root.setLevel(level)
    structlog.reset_defaults()


def written(
    *lines: RequestLine, format: Literal["json", "console"] = "json", level: Literal["info", "warning"] = "info"
) -> list[str]:
    """What is logged of requests."""
    stream = io.StringIO()
    settings = TelemetrySettings(log_format=format, log_level=level)
    configure_logging(settings, service="gateway", redactor=Redactor(["hunter2"]), stream=stream)
    for line in lines:
        log_request(line)
    return stream.getvalue().splitlines()


def test_a_line_has_what_every_line_has_and_the_request() -> None:
    (text,) = written(SUBMIT)
    line = json.loads(text)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "codeforge.requests",
        "service": "gateway",
        "client": "127.0.0.1:5000",
        "method": "POST",
        "path": "/api/jobs/agent-task",
        "status": 202,
    }


@pytest.mark.parametrize("format", ["json", "console"])
def test_it_looks_like_any_other_line(format: Literal["json", "console"]) -> None:
    (ours,) = written(SUBMIT, format=format)
    stream = io.StringIO()
    configure_logging(TelemetrySettings(log_format=format), service="gateway", redactor=Redactor(), stream=stream)
    fields = {"client": SUBMIT.client, "method": SUBMIT.method, "path": SUBMIT.path, "status": SUBMIT.status}
    structlog.get_logger("codeforge.requests").info("request", **fields)
    usual = stream.getvalue().strip()
    if format == "json":
        assert json.loads(ours).keys() == json.loads(usual).keys()
        assert len(json.loads(ours)["timestamp"]) == len(json.loads(usual)["timestamp"])
    else:
        assert ours.split(" ", 1)[1] == usual.split(" ", 1)[1]


def test_it_names_the_trace() -> None:
    tracing = Tracing(TelemetrySettings(), service="gateway", redactor=Redactor())
    with tracing.span("POST") as span:
        (text,) = written(SUBMIT)
    line = json.loads(text)
    assert line["trace_id"] == format(span.get_span_context().trace_id, "032x")
    assert line["span_id"] == format(span.get_span_context().span_id, "016x")


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_path_can_neither_break_the_line_nor_tell_a_secret(format: Literal["json", "console"]) -> None:
    paths = (
        "/a\n[info     ] forged",
        "/\x1b[31m",
        "/ä b",
        "/hunter2",
        "/https://ann:t0k3n@github.com",
        '/"',
        "/\udc80",
    )
    lines = written(*(RequestLine("", "GET", path, 404) for path in paths), format=format)
    assert len(lines) == len(paths)
    text = "".join(lines)
    assert text.isprintable() or format == "json"
    assert "hunter2" not in text
    assert "t0k3n" not in text


def test_the_level_holds() -> None:
    assert written(SUBMIT, level="warning") == []
