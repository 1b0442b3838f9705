"""Blocking handlers in real children. The handlers stand below."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from codeforge_common.handler import BlockingContext, Cancelled, Fail, Retry
from codeforge_common.handler.context import Assignment, ReportSink
from codeforge_common.handler.outcome import HandlerRaised
from codeforge_common.handler.result import Json
from codeforge_common.handler.steps import Keeper, Unkept
from codeforge_common.secrets import Redactor
from codeforge_worker.blocking import LINE_BYTES, BlockingRun, ChildDied, ChildLimits
from codeforge_worker.child import LINE_LENGTH, TRACEBACK_LENGTH
from tests.plugins.waiting import wait_for
from tests.worker.live.bench import lives

ASSIGNMENT = Assignment(
    job_id="job",
    type="test",
    user_id="user",
    session_id="session",
    user_message="please",
    agent_type=None,
    context={"n": 1},
    secrets={"context.key": "hunter2"},
    attempt=2,
    attempts_max=3,
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
)


class Notes(ReportSink):
    """What a run reported."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def progress(self, percent: float, stage: str | None) -> None:
        self.said.append((percent, stage))

    def log(self, text: str) -> None:
        self.said.append(text)

    def output(self, text: str) -> None:
        self.said.append({"output": text})


def start(
    handler: Any,
    scratch: Path,
    *,
    notes: Notes | None = None,
    cancel_seconds: float = 5,
    finished: Mapping[str, str] | None = None,
    keeper: Keeper | None = None,
) -> BlockingRun:
    return BlockingRun(
        handler=f"{handler.__module__}:{handler.__name__}",
        assignment=ASSIGNMENT,
        sink=notes or Notes(),
        finished=finished or {},
        keeper=lambda: keeper or Unkept(),
        redactor=Redactor(ASSIGNMENT.secrets.values()),
        scratch=scratch,
        limits=ChildLimits(result_bytes=1000, step_bytes=1000, steps=3, cancel_seconds=cancel_seconds),
    )


def tell_everything(ctx: BlockingContext) -> Any:
    ctx.progress(10, "Working")
    ctx.log("one\ntwo")
    with ctx.workspace(lambda folder: (folder / "made").touch()) as folder:
        made = (folder / "made").exists()
    return {**ctx.context, "secret": ctx.secrets["context.key"], "at": ctx.created_at.isoformat(), "made": made}


async def test_the_child_has_the_job_s_facts_and_its_reports_arrive(tmp_path: Path) -> None:
    notes = Notes()
    result = await start(tell_everything, tmp_path, notes=notes).result()
    assert result == Json('{"n":1,"secret":"hunter2","at":"2026-11-24T00:00:00+00:00","made":true}')
    assert notes.said == [(10, "Working"), "one", "two"]
    assert list(tmp_path.iterdir()) == []


def tell_oddly(ctx: BlockingContext) -> None:
    for percent in ("50", Decimal(60), None):
        ctx.progress(percent, 7)  # type: ignore[arg-type]


async def test_odd_progress_is_no_fault(tmp_path: Path) -> None:
    notes = Notes()
    assert await start(tell_oddly, tmp_path, notes=notes).result() == Json("null")
    assert notes.said == [(50, "7"), (60, "7"), ("no number: NoneType", "7")]


def show_process(ctx: BlockingContext) -> Any:
    shown = Path("/proc/self/cmdline").read_bytes() + Path("/proc/self/environ").read_bytes()
    return b"hunter2" in shown


async def test_secrets_are_neither_arguments_nor_environment(tmp_path: Path) -> None:
    assert await start(show_process, tmp_path).result() == Json("false")


def show_environment(ctx: BlockingContext) -> Any:
    shown = subprocess.check_output(["env"], text=True)
    return ["hunter2" in shown, os.environ["TABLES_URL"], "hunter2" in str(os.environ)]


async def test_the_worker_s_own_secrets_are_not_in_the_child_s_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRETS_KEY", "AUTH_JWT_SECRET", "REDIS_URL", "BROKER_URL", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("TABLES_URL", "theirs")
    assert await start(show_environment, tmp_path).result() == Json('[false,"theirs",false]')


def return_fail(ctx: BlockingContext) -> Any:
    return Fail("no", "Never.", result={"partial": 1})


def raise_retry(ctx: BlockingContext) -> Any:
    raise Retry(7, "busy")


def return_too_much(ctx: BlockingContext) -> Any:
    return "x" * 2000


async def test_values_that_are_no_results_come_through(tmp_path: Path) -> None:
    fail = await start(return_fail, tmp_path).result()
    assert isinstance(fail, Fail)
    assert (fail.code, fail.message, fail.result) == ("no", "Never.", Json('{"partial":1}'))
    retry = await start(raise_retry, tmp_path).result()
    assert isinstance(retry, Retry)
    assert (retry.after, retry.reason) == (7, "busy")
    large = await start(return_too_much, tmp_path).result()
    assert isinstance(large, Fail)
    assert large.code == "result_too_large"


def raise_error(ctx: BlockingContext) -> Any:
    raise ValueError("bad luck")


async def test_an_error_comes_with_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(HandlerRaised) as caught:
        await start(raise_error, tmp_path).result()
    assert str(caught.value) == "ValueError: bad luck"
    assert "in raise_error" in caught.value.__notes__[0]


def leave(ctx: BlockingContext) -> Any:
    os._exit(0)


def exit_politely(ctx: BlockingContext) -> Any:
    sys.exit(3)


async def test_a_child_that_ends_without_a_word_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ChildDied):
        await start(leave, tmp_path).result()
    with pytest.raises(HandlerRaised, match="SystemExit: 3"):
        await start(exit_politely, tmp_path).result()


def print_and_log(ctx: BlockingContext) -> Any:
    sys.stdout.write("printed\n")
    sys.stderr.write("half a line")


async def test_what_a_handler_prints_is_in_the_worker_s_log(tmp_path: Path) -> None:
    with capture_logs() as lines:
        await start(print_and_log, tmp_path).result()
    assert sorted(line["line"] for line in lines) == ["half a line", "printed"]


KEY = ASSIGNMENT.secrets["context.key"]


def print_long_lines(ctx: BlockingContext) -> Any:
    key = ctx.secrets["context.key"]
    for before in (LINE_BYTES - len(key), LINE_BYTES - 3):
        sys.stdout.write("y" * before + key + "z" * 100_000 + "\n")
    sys.stdout.write("é" * (LINE_BYTES // 2 - 1) + "€ and more\n")
    sys.stdout.write("killed while it wrote " + key[:4])


async def test_a_long_line_is_cut_and_no_secret_in_two(tmp_path: Path) -> None:
    with capture_logs() as lines:
        await start(print_long_lines, tmp_path).result()
    assert [line["line"] for line in lines] == [
        "y" * (LINE_BYTES - len(KEY)) + KEY,  # the log's own redaction finds a whole one
        "y" * (LINE_BYTES - 3),
        "é" * (LINE_BYTES // 2 - 1),
        "killed while it wrote ",
    ]


def tell_at_length(ctx: BlockingContext) -> Any:
    key = ctx.secrets["context.key"]
    ctx.progress(10, key * (LINE_LENGTH // len(key) + 1))
    ctx.log(key * (LINE_LENGTH // len(key) + 1))
    raise ValueError(key * TRACEBACK_LENGTH)


async def test_what_a_child_cuts_is_redacted_before(tmp_path: Path) -> None:
    notes = Notes()
    with pytest.raises(HandlerRaised) as caught:
        await start(tell_at_length, tmp_path, notes=notes).result()
    (_, stage), line = notes.said
    for text in (stage, line, str(caught.value), *caught.value.__notes__):
        assert "[redacted]" in text
        assert "hunt" not in text
        assert "ter2" not in text


def report_until_cancelled(ctx: BlockingContext) -> Any:
    while True:
        ctx.log("on and on")
        time.sleep(0.01)


def never_look_up(ctx: BlockingContext) -> Any:
    ctx.log("begun")
    time.sleep(600)


async def test_a_cancelled_handler_hears_of_it_with_its_next_report(tmp_path: Path) -> None:
    notes = Notes()
    task = asyncio.create_task(start(report_until_cancelled, tmp_path, notes=notes).result())
    await wait_for(lambda: bool(notes.said), within=10, what="a report")
    task.cancel()
    with pytest.raises(Cancelled):
        await asyncio.wait_for(task, 5)


def share_the_socket(ctx: BlockingContext) -> Any:
    if os.fork() == 0:
        time.sleep(600)
    ctx.log("begun")
    time.sleep(600)


@pytest.mark.parametrize("handler", [never_look_up, share_the_socket])
async def test_a_guard_that_is_killed_ends_the_run(handler: Any, tmp_path: Path) -> None:
    notes = Notes()
    run = start(handler, tmp_path, notes=notes)
    task = asyncio.create_task(run.result())
    await wait_for(lambda: bool(notes.said), within=10, what="a report")
    family = psutil.Process(run.process.pid).children(recursive=True)
    os.kill(run.process.pid, signal.SIGKILL)
    with pytest.raises(ChildDied):
        await asyncio.wait_for(task, 1)
    assert family
    assert not any(map(lives, family))


def test_a_child_ends_with_its_worker_even_without_a_guard(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-m", "codeforge_worker.child", str(theirs.fileno())]
        child = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        theirs.close()
        facts = {**ASSIGNMENT.facts(), "created_at": ASSIGNMENT.created_at.isoformat()}
        handler = f"{__name__}:{never_look_up.__name__}"
        limits = {"result_bytes": 1000, "step_bytes": 1000, "steps": 1, "finished": {}}
        first = {"assignment": facts, "handler": handler, "scratch": str(tmp_path), **limits}
        ours.sendall(json.dumps(first).encode() + b"\n")
        try:
            assert b"begun" in ours.recv(1000)
            ours.close()
            assert child.wait(timeout=5) == 1
        finally:
            child.kill()


async def test_one_that_does_not_look_up_is_killed(tmp_path: Path) -> None:
    notes = Notes()
    run = start(never_look_up, tmp_path, notes=notes, cancel_seconds=0.2)
    task = asyncio.create_task(run.result())
    await wait_for(lambda: bool(notes.said), within=10, what="a report")
    task.cancel()
    with pytest.raises(ChildDied):
        await asyncio.wait_for(task, 5)
    assert list(tmp_path.iterdir()) == []
