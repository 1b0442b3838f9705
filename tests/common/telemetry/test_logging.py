from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from codeforge_common.secrets import Redactor
from codeforge_common.settings import TelemetrySettings
from codeforge_common.telemetry.logging import configure_logging
from codeforge_common.telemetry.tracing import Tracing


@pytest.fixture(autouse=True)
def former_logging() -> Iterator[None]:
    root, excepthook, thread_hook = logging.getLogger(), sys.excepthook, threading.excepthook
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, sys.excepthook, threading.excepthook = handlers, excepthook, thread_hook
    root.setLevel(level)
    structlog.reset_defaults()


class Log:
    """A configured log and what was written to it."""

    def __init__(
        self,
        *,
        secrets: tuple[str, ...] = (),
        format: Literal["json", "console"] = "json",
        level: Literal["debug", "info"] = "info",
    ) -> None:
        self._stream = io.StringIO()
        settings = TelemetrySettings(log_format=format, log_level=level)
        configure_logging(settings, service="worker", redactor=Redactor(secrets), stream=self._stream)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def only(self) -> dict[str, Any]:
        (line,) = self.lines
        return line


def test_a_line_says_when_who_what_and_where() -> None:
    log = Log()
    structlog.get_logger("codeforge_worker.runner").info("claimed", slots=2)
    line = log.only
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "service": "worker",
        "logger": "codeforge_worker.runner",
        "level": "info",
        "event": "claimed",
        "slots": 2,
    }


@pytest.mark.parametrize("of_structlog", [True, False])
def test_job_attempt_and_trace_are_on_every_line_of_a_run(of_structlog: bool) -> None:
    log = Log()
    tracing = Tracing(TelemetrySettings(), service="worker", redactor=Redactor())
    bound = structlog.contextvars.bound_contextvars(job_id="job_1", attempt=2)
    with bound, tracing.span("process agent_task") as span:
        (structlog.get_logger("a") if of_structlog else logging.getLogger("a")).warning("slow")
    (structlog.get_logger("a") if of_structlog else logging.getLogger("a")).warning("later")
    run, later = log.lines
    assert (run["job_id"], run["attempt"], run["event"], run["level"]) == ("job_1", 2, "slow", "warning")
    assert run["trace_id"] == format(span.get_span_context().trace_id, "032x")
    assert run["span_id"] == format(span.get_span_context().span_id, "016x")
    assert {"job_id", "attempt", "trace_id", "span_id"}.isdisjoint(later)


def test_the_standard_librarys_loggers_come_out_the_same() -> None:
    log = Log()
    logging.getLogger("kombu.connection").warning("lost %s", "redis")
    assert (log.only["event"], log.only["logger"], log.only["service"]) == ("lost redis", "kombu.connection", "worker")


def test_the_level_holds_for_both_kinds() -> None:
    log = Log()
    structlog.get_logger("a").debug("no")
    logging.getLogger("b").debug("no")
    assert log.text == ""
    log = Log(level="debug")
    structlog.get_logger("a").debug("yes")
    logging.getLogger("b").debug("yes")
    assert [line["event"] for line in log.lines] == ["yes", "yes"]


@pytest.mark.parametrize("library", ["httpx2", "openai", "anthropic"])
def test_libraries_that_log_whole_requests_are_heard_only_when_something_is_wrong(library: str) -> None:
    log = Log(level="debug")
    logging.getLogger(library).debug("Request options: a repository's files")
    logging.getLogger(library).info("HTTP Request: POST /v1/chat/completions")
    logging.getLogger(f"{library}._base_client").info("Retrying")
    logging.getLogger(library).warning("wrong")
    assert [line["event"] for line in log.lines] == ["wrong"]


def test_configuring_again_does_not_double_the_lines() -> None:
    Log()
    log = Log()
    structlog.get_logger("a").info("once")
    assert len(log.lines) == 1


def test_the_console_form_is_for_people() -> None:
    log = Log(format="console")
    structlog.get_logger("a").info("claimed", job_id="job_1")
    assert "claimed" in log.text
    assert "job_id=job_1" in log.text
    assert "\x1b" not in log.text


def say_everywhere(secret: str) -> None:
    """Logs a secret in every way that a line can hold one."""
    ours, others = structlog.get_logger("ours"), logging.getLogger("others")
    with structlog.contextvars.bound_contextvars(bound=f"x{secret}"):
        ours.info(f"event {secret}", field=secret, deep={"list": [secret, {secret: 1}]}, thing=Holder(secret))
        ours.info("tuple", pair=(secret, secret.encode("utf-8", "replace")), error=ValueError(secret))
        others.warning("args %s %r", secret, secret)
        others.warning("event " + secret.replace("%", "%%"))
    try:
        raise KeyError(secret)
    except KeyError:
        ours.exception("failed")
        others.exception("failed")


class Holder:
    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return f"Holder({self._secret})"


@pytest.mark.parametrize("format", ["json", "console"])
@given(
    secret=st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=8
    ).filter(lambda secret: secret not in "[redacted]")
)
def test_nothing_of_a_known_secret_is_in_a_line(format: Literal["json", "console"], secret: str) -> None:
    log = Log(secrets=(secret,), format=format)
    say_everywhere(secret)
    assert log.text.count("[redacted]") >= 12
    assert secret not in log.text
    assert json.dumps(secret)[1:-1] not in log.text


def test_what_looks_like_a_credential_is_not_in_a_line_either() -> None:
    log = Log()
    structlog.get_logger("a").info("clone", url="https://ann:t0k3n@github.com/a/b", headers={"a": "Bearer t0k3n123"})
    assert log.only["url"] == "https://[redacted]@github.com/a/b"
    assert "t0k3n" not in log.text


def test_what_nobody_caught_is_logged_redacted() -> None:
    log = Log(secrets=("hunter2",))
    error = RuntimeError("hunter2")
    sys.excepthook(RuntimeError, error, None)

    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail, name="renewal")
    thread.start()
    thread.join()
    main, other = log.lines
    assert (main["level"], main["event"]) == ("critical", "the process ends by an error")
    assert (other["level"], other["thread"]) == ("critical", "renewal")
    assert "RuntimeError: [redacted]" in other["exception"]
    assert "hunter2" not in log.text


def test_control_c_is_no_error() -> None:
    log = Log()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert log.text == ""
