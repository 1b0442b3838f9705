"""Runs that end badly: each job of theirs has its end all the same, and the worker goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import StatusCode
from structlog.testing import capture_logs

from codeforge_common.handler import JobContext
from codeforge_common.handler.ending import Stop
from codeforge_common.store import OutcomeKind
from tests.worker.fake_store import run_of
from tests.worker.test_runner import CANCELLED, DONE, LOST, Batch, Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.tracing.shutdown()


async def test_a_batch_is_cancelled_when_all_are_that_the_handler_got(desk: Desk) -> None:
    begun = asyncio.Event()

    async def function(contexts: Sequence[JobContext]) -> Any:
        begun.set()
        await asyncio.Event().wait()

    execution = desk.start(function, run_of("a"), run_of("b", sealed=b"tampered"), batch=2)
    await begun.wait()
    execution.attempts[0].stop(Stop.CANCELLED)
    cancelled, (kind, reason) = await desk.end()
    assert cancelled == CANCELLED
    assert (kind, (reason or "").split(":")[0]) == (OutcomeKind.RETRY, "secret_unreadable")


class Rude(Exception):
    def __str__(self) -> str:
        raise LookupError("no words")


class Locked(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        raise LookupError("nothing here")


async def test_an_error_without_words_ends_its_job_all_the_same(desk: Desk) -> None:
    async def function(ctx: JobContext) -> Any:
        raise Rude

    desk.start(function, run_of("a"))
    with capture_logs() as lines:
        assert await desk.end() == [(OutcomeKind.RETRY, "Rude")]
    assert [line["event"] for line in lines] == ["attempt ended"]
    (span,) = desk.spans.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "Rude")


async def test_an_answer_that_cannot_be_read_fails_every_job_of_a_batch(desk: Desk) -> None:
    batch = Batch(desk)
    batch.answer.set_result(Locked([1, 2, 3]))
    with capture_logs():  # a renderer that shows locals can't read it either
        assert await desk.end() == [(OutcomeKind.RETRY, "LookupError: nothing here")] * 3


async def test_an_end_that_goes_wrong_keeps_nobody_from_theirs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_it(end: Any) -> None:
        raise RuntimeError("a bug of ours")

    batch = Batch(desk)
    monkeypatch.setattr(batch.execution.attempts[0], "end", raise_it)
    batch.answer.set_result([1, 1, 1])
    with capture_logs() as lines:
        assert await desk.end() == [LOST, DONE, DONE]
    assert [line["event"] for line in lines] == ["an attempt's end went wrong"]


async def test_a_task_of_the_handler_s_that_exits_fails_its_job_alone(desk: Desk) -> None:
    async def exits() -> None:
        sys.exit(3)

    async def function(ctx: JobContext) -> Any:
        await asyncio.create_task(exits())

    desk.start(function, run_of("a"))
    assert await desk.end() == [(OutcomeKind.RETRY, "HandlerExited: The handler asked the process to exit.")]


@pytest.mark.parametrize(("attempt", "said"), [(2, "retry"), (3, "failed")])
async def test_the_log_says_that_the_last_failed_attempt_has_failed_the_job(
    desk: Desk, attempt: int, said: str
) -> None:
    async def function(ctx: JobContext) -> Any:
        raise RuntimeError("bad luck")

    with capture_logs() as lines:
        desk.start(function, run_of("a", attempt=attempt, attempts_max=3))
        await desk.end()
    (ended,) = [line for line in lines if line["event"] == "attempt ended"]
    assert ended["outcome"] == said
