from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

from codeforge_common.handler.output import PIECE_BYTES
from codeforge_common.handler.telling import STAGE_LENGTH
from codeforge_common.secrets import Redactor
from codeforge_common.store import Verdict
from codeforge_worker.reports import GAP_SECONDS, LogLimits, RunReports

LIMITS = LogLimits(lines=5, bytes=400, line_bytes=100)
AT = 1_700_000_000  # 22:13:20 UTC


class Gathering:
    """One run's reports; ``woken`` counts how often there was something to send."""

    def __init__(self, limits: LogLimits = LIMITS, *, output_room: int = 1000) -> None:
        self.woken = 0
        self.reports = RunReports(
            job_id="job",
            token=3,
            limits=limits,
            output_room=output_room,
            redactor=Redactor(["hunter2"]),
            wake=self._wake,
            heed=self._heed,
            wall_clock=lambda: AT,
        )
        self.progress: Any = self.reports.progress  # a handler may give anything
        self.log = self.reports.log
        self.output = self.reports.output

    def _wake(self, reports: RunReports) -> None:
        self.woken += 1

    def _heed(self, verdict: Verdict) -> None: ...


def test_a_report_holds_what_came_since_the_last() -> None:
    run = Gathering()
    run.progress(10, "Cloning")
    run.log("one")
    run.log("two\nthree")
    report = run.reports.take(now=5)
    assert report is not None
    assert (report.job_id, report.token, report.number) == ("job", 3, 1)
    assert (report.progress, report.stage) == (10, "Cloning")
    assert list(report.lines) == ["[22:13:20] one", "[22:13:20] two", "[22:13:20] three"]
    assert run.reports.due == 5 + GAP_SECONDS


def test_an_unanswered_report_stays_the_same_and_the_next_has_the_next_number() -> None:
    run = Gathering()
    run.progress(10, None)
    first = run.reports.take(now=0)
    run.progress(20, None)
    assert run.reports.take(now=1) is first
    run.reports.answered()
    second = run.reports.take(now=2)
    assert second is not None
    assert (second.number, second.progress, second.stage, second.lines) == (2, 20, None, ())
    run.reports.answered()
    assert run.reports.take(now=3) is None


def test_the_outcome_carries_what_is_unanswered_and_unsent_and_nothing_comes_after() -> None:
    run = Gathering()
    run.progress(10, None)
    unanswered = run.reports.take(now=0)
    run.log("the end")
    rest = run.reports.close()
    assert rest[0] is unanswered
    assert [report.number for report in rest] == [1, 2]
    run.log("after the end")
    assert run.reports.take(now=1) is None
    assert run.woken == 2


@pytest.mark.parametrize(
    ("said", "reported"),
    [([50.9], 50), ([-5, 3], 3), ([1000], 100), ([math.inf], 100), ([40, 30], 40), ([30, math.nan], 30)],
)
def test_progress_is_a_whole_percent_that_never_falls(said: list[float], reported: int) -> None:
    run = Gathering()
    for percent in said:
        run.progress(percent, None)
    report = run.reports.take(now=0)
    assert report is not None
    assert report.progress == reported


def test_progress_takes_what_float_takes_and_a_stage_is_made_text() -> None:
    run = Gathering()
    run.progress("50", 7)
    report = run.reports.take(now=0)
    assert report is not None
    assert (report.progress, report.stage) == (50, "7")


def test_progress_that_is_no_number_is_ignored_and_said_once() -> None:
    run = Gathering()
    run.progress(40, None)
    with capture_logs() as lines:
        for percent in ("half of hunter2", None, [50], 10**400):
            run.progress(percent, "Packing")
    report = run.reports.take(now=0)
    assert report is not None
    assert (report.progress, report.stage) == (40, "Packing")
    assert [(line["log_level"], line["got"]) for line in lines] == [("warning", "half of [redacted]")]


def test_what_says_nothing_new_wakes_nobody() -> None:
    run = Gathering()
    run.progress(0, None)
    run.progress(10, "a")
    run.progress(10, "a")
    run.progress(5, "a")
    assert run.woken == 1
    run.progress(5, "b")
    assert run.woken == 2


def test_a_stage_is_a_caption() -> None:
    run = Gathering()
    run.progress(1, "x" * 1000)
    report = run.reports.take(now=0)
    assert report is not None
    assert report.stage == "x" * STAGE_LENGTH


def test_a_line_is_cut_between_two_characters() -> None:
    run = Gathering()
    run.log("é" * 200)
    report = run.reports.take(now=0)
    assert report is not None
    (line,) = report.lines
    assert len(line.encode()) in (LIMITS.line_bytes - 1, LIMITS.line_bytes)
    assert line.startswith("[22:13:20] ééé")


def test_of_too_many_lines_the_newest_stay() -> None:
    run = Gathering()
    for number in range(12):
        run.log(str(number))
    report = run.reports.take(now=0)
    assert report is not None
    assert [line[11:] for line in report.lines] == ["7", "8", "9", "10", "11"]


def test_of_too_many_bytes_the_newest_stay() -> None:
    run = Gathering(LogLimits(lines=100, bytes=200, line_bytes=100))
    for number in range(9):
        run.log(f"{number}" * 80)
    report = run.reports.take(now=0)
    assert report is not None
    assert [line[11] for line in report.lines] == ["7", "8"]


def test_secrets_and_broken_characters_stay_out() -> None:
    run = Gathering()
    run.log("hunter2 in \udcff")
    run.progress(1, "with hunter2")
    report = run.reports.take(now=0)
    assert report is not None
    assert list(report.lines) == ["[22:13:20] [redacted] in ?"]
    assert report.stage == "with [redacted]"


def test_output_goes_with_the_next_report_in_order() -> None:
    run = Gathering()
    run.output("one ")
    run.log("a line")
    run.output("two ")
    report = run.reports.take(now=0)
    assert report is not None
    assert (report.output, len(report.lines)) == ("one two ", 1)
    run.reports.answered()
    assert run.reports.take(now=1) is None


def test_of_much_output_the_rest_is_sent_when_the_first_is_answered() -> None:
    run = Gathering(output_room=10**6)
    run.output("x" * (PIECE_BYTES + 5))
    first = run.reports.take(now=0)
    assert first is not None
    assert len(first.output) == PIECE_BYTES
    woken = run.woken
    run.reports.answered()
    assert run.woken == woken + 1
    second = run.reports.take(now=1)
    assert second is not None
    assert (second.number, second.output) == (2, "x" * 5)
    run.reports.answered()
    assert run.woken == woken + 1


def test_the_outcome_carries_all_the_output_that_is_left() -> None:
    run = Gathering(output_room=10**6)
    run.output("x" * (2 * PIECE_BYTES))
    run.output("that was hunt")
    rest = run.reports.close()
    assert "".join(report.output for report in rest) == "x" * (2 * PIECE_BYTES) + "that was hunt"
    assert [report.number for report in rest] == [1, 2, 3]
    run.output("more")
    assert run.reports.close() == []


def test_half_a_secret_waits_for_the_other_half() -> None:
    run = Gathering()
    run.output("hunt")
    assert run.reports.take(now=0) is None
    run.output("er2 \udcff")
    report = run.reports.take(now=0)
    assert report is not None
    assert report.output == "[redacted] ?"


def test_output_that_finds_no_room_is_dropped_and_the_log_says_so_once() -> None:
    run = Gathering(output_room=5)
    for _ in range(3):
        run.output("xyz")
    report = run.reports.take(now=0)
    assert report is not None
    assert report.output == "xyzxy"
    assert list(report.lines) == ["[22:13:20] The job's output is full, the rest is dropped"]


async def test_the_output_is_taken_when_its_report_is_answered() -> None:
    run = Gathering()
    await run.reports.output_is_taken()
    run.log("a line")
    await run.reports.output_is_taken()
    run.output("one ")
    waiting = asyncio.create_task(run.reports.output_is_taken())
    await asyncio.sleep(0)
    report = run.reports.take(now=0)
    assert report is not None
    assert report.output == "one "
    assert not waiting.done()
    run.output("two ")
    run.reports.answered()
    await asyncio.sleep(0)
    assert not waiting.done()
    assert run.reports.take(now=0) is not None
    run.reports.answered()
    await asyncio.wait_for(waiting, 30)
