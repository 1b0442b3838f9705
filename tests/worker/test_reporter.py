from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from codeforge_common.errors import StoreFull, StoreUnavailable
from codeforge_common.secrets import Redactor
from codeforge_common.store import Verdict
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker.availability import Availability
from codeforge_worker.call_weight import MOST, weight_of_report
from codeforge_worker.reporter import Reporter
from codeforge_worker.reports import LogLimits, RunReports
from tests.plugins.waiting import wait_for
from tests.worker.fake_store import FakeStore


class Desk:
    """A reporter at work."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.heard: list[tuple[str, Verdict]] = []
        self.dropped = 0
        self.reporter = Reporter(
            store=self.store, worker="w", availability=Availability(Readiness()), dropped=self._drop
        )

    def open(self, job_id: str) -> RunReports:
        """The reports of another run."""
        return RunReports(
            job_id=job_id,
            token=1,
            limits=LogLimits(lines=100, bytes=10_000, line_bytes=1000),
            output_room=1_000_000,
            redactor=Redactor(),
            wake=self.reporter.wake,
            heed=lambda verdict: self.heard.append((job_id, verdict)),
            wall_clock=time.time,
        )

    def _drop(self, reports: int) -> None:
        self.dropped += reports

    @property
    def sent(self) -> list[list[tuple[str, int, int | None]]]:
        """Job, number and progress of the reports of each call."""
        return [
            [(report.job_id, report.number, report.progress) for report in call["reports"]]
            for call in self.store.asked("report")
        ]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    running = asyncio.create_task(made.reporter.run())
    yield made
    running.cancel()


async def test_the_first_report_goes_at_once_and_the_last_after_the_gap(desk: Desk) -> None:
    run = desk.open("job")
    begun = time.monotonic()
    run.progress(1, None)
    await wait_for(lambda: desk.sent == [[("job", 1, 1)]], within=2, what="the first report")
    for percent in range(2, 60):
        run.progress(percent, None)
    await wait_for(lambda: len(desk.sent) == 2, within=2, what="the last report")
    assert desk.sent[1] == [("job", 2, 59)]
    assert time.monotonic() - begun >= 0.09


async def test_what_several_runs_report_meanwhile_goes_in_one_call(desk: Desk) -> None:
    desk.store.gate.clear()
    first = desk.open("a")
    first.progress(1, None)
    await wait_for(lambda: len(desk.sent) == 1, within=2, what="a call")
    for job_id in "bcd":
        desk.open(job_id).progress(5, None)
    desk.store.gate.set()
    await wait_for(lambda: len(desk.sent) == 2, within=2, what="the next call")
    assert desk.sent[1] == [("b", 1, 5), ("c", 1, 5), ("d", 1, 5)]


async def test_many_long_logs_go_in_several_calls_each_line_once(desk: Desk) -> None:
    desk.store.gate.clear()
    desk.open("first").progress(1, None)
    await wait_for(lambda: len(desk.sent) == 1, within=30, what="a call")
    for number in range(6):
        run = desk.open(f"job-{number}")
        for _ in range(10):
            run.output("x" * 65_536)
    desk.store.troubles = [StoreUnavailable()]
    desk.store.gate.set()

    def written() -> dict[str, int]:
        sizes: dict[tuple[str, int], int] = {}
        for call in desk.store.asked("report"):
            sizes |= {(report.job_id, report.number): len(report.output) for report in call["reports"]}
        return {f"job-{n}": sum(size for (job, _), size in sizes.items() if job == f"job-{n}") for n in range(6)}

    await wait_for(lambda: set(written().values()) == {655_360}, within=30, what="all of it")
    for call in desk.store.asked("report"):
        assert sum(map(weight_of_report, call["reports"])) <= MOST


async def test_a_call_is_repeated_with_its_numbers_until_it_is_answered(desk: Desk) -> None:
    desk.store.troubles = [StoreUnavailable(), StoreUnavailable()]
    desk.open("job").progress(1, None)
    await wait_for(lambda: len(desk.heard) == 1, within=3, what="an answer")
    assert desk.sent == [[("job", 1, 1)]] * 3


async def test_a_run_that_ends_takes_its_unanswered_report_along(desk: Desk) -> None:
    desk.store.troubles = [StoreUnavailable()] * 2
    ends, goes_on = desk.open("ends"), desk.open("goes on")
    ends.progress(1, None)
    goes_on.progress(2, None)
    await wait_for(lambda: len(desk.sent) == 1, within=2, what="the first try")
    assert [report.number for report in ends.close()] == [1]
    await wait_for(lambda: len(desk.heard) == 1, within=3, what="an answer")
    assert desk.sent[-1] == [("goes on", 1, 2)]


async def test_the_run_hears_what_the_store_thinks_of_it(desk: Desk) -> None:
    desk.store.verdicts = {"a": Verdict.CANCELLED, "b": Verdict.FENCED}
    for job_id in "ab":
        desk.open(job_id).progress(1, None)
    await wait_for(lambda: len(desk.heard) == 2, within=2, what="the verdicts")
    assert dict(desk.heard) == {"a": Verdict.CANCELLED, "b": Verdict.FENCED}


async def test_what_a_full_store_refuses_is_dropped_and_counted(desk: Desk) -> None:
    desk.store.troubles = [StoreFull()]
    run = desk.open("job")
    run.progress(1, None)
    await wait_for(lambda: desk.dropped == 1, within=2, what="the drop")
    run.progress(2, None)
    await wait_for(lambda: desk.sent[-1] == [("job", 2, 2)], within=2, what="the next report")


async def test_another_thread_may_report(desk: Desk) -> None:
    run = desk.open("job")
    await asyncio.to_thread(run.log, "from a thread")
    await wait_for(lambda: len(desk.heard) == 1, within=2, what="the report")
