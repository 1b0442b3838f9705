from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from codeforge_common.testing import (
    AfterSeconds,
    AfterStep,
    AfterTelling,
    BeforeKept,
    ContextRefused,
    EffectFound,
    EffectMade,
    IgnoredCancel,
    Job,
    Line,
    Moment,
    Output,
    Progress,
    StepKept,
    again,
    run,
    run_batch,
)
from tests.common.testing import batches, handlers
from tests.common.testing.handlers import letter, probe, probe_blocking, stubborn


def test_what_it_told_stands_in_order() -> None:
    told = run(probe, context={"how": "telling", "key": "hunter2-hunter2"})
    key = "[redacted]"
    assert told.events[:4] == (Progress(12, "Begun"), Line("one"), Line("two"), Progress(50, f"The key is {key}"))
    assert told.events[4] == Line(f"The key is {key}")
    assert told.events[-2:] == (Output("It is "), Output(f"{key}, really\n"))
    assert told.result == {"said": "Please do it", key: {"how": "telling"}}


def test_what_the_test_gives_is_what_the_handler_gets() -> None:
    told = run(probe, context={"how": "retry_at_once"}, attempt=2)
    assert told.result == "attempt 2 of 2"


def test_a_step_that_an_earlier_run_finished(tmp_path: Path) -> None:
    told = run(letter, context={"box": str(tmp_path)}, steps={"write": "Hello"}, output="Dear reader")
    assert told.result == {"text": "Hello", "posted": "job_0test:post"}
    assert (told.output, told.effects) == ("Dear reader.", {"post": "made"})
    assert told.seconds < 60  # of the hour nothing was waited for


def test_a_crash_after_a_step_and_one_before_an_effect_is_known(tmp_path: Path) -> None:
    first = run(letter, context={"box": str(tmp_path)}, crash=AfterStep("write"))
    assert (first.status, first.steps, first.output) == ("waiting", {"write": "written in attempt 1"}, "Dear reader")
    assert first.seconds >= 3600
    assert first.events[-1] == StepKept("write")
    assert list(tmp_path.iterdir()) == []

    second = again(first, crash=BeforeKept("post"))
    assert second.events == (Progress(10, "Writing"), Progress(90, "Posting"), EffectMade("post"))
    assert (second.status, second.steps) == ("waiting", {"write": "written in attempt 1"})

    third = again(second)
    assert third.status == "completed"
    assert third.events[-3:] == (EffectFound("post"), StepKept("post"), Output("."))
    assert third.output == "Dear reader."
    with pytest.raises(ValueError, match="no worker runs it again"):
        again(third)


def test_what_was_written_after_the_last_step_is_written_again(tmp_path: Path) -> None:
    told = run(letter, context={"box": str(tmp_path)}, crash=AfterSeconds(60))
    assert told.output == "Dear "
    assert again(told).output == "Dear reader."


def test_the_third_crash_is_one_too_many(tmp_path: Path) -> None:
    told = run(letter, context={"box": str(tmp_path)}, crash=AfterTelling("Writing"), crashes=2)
    assert (told.status, told.failed_reason) == (
        "failed",
        "poison: the worker was lost 3 times while it ran this job",
    )


@pytest.mark.parametrize("moment", [AfterSeconds(60), AfterTelling("Writing"), BeforeKept("write"), AfterStep("write")])
def test_a_cancel(moment: Moment, tmp_path: Path) -> None:
    told = run(letter, context={"box": str(tmp_path)}, cancel=moment)
    assert (told.status, told.result, told.failed_reason, list(tmp_path.iterdir())) == ("cancelled", None, None, [])


def test_a_cancel_waits_for_what_is_being_made() -> None:
    told = run(handlers.slow_effect, context={"seconds": 11}, cancel=AfterSeconds(10))
    assert (told.status, told.steps, told.effects) == ("cancelled", {"made": "job_0test:made"}, {"made": "made"})
    assert told.logs[-1] == "Made"
    assert told.seconds == pytest.approx(11)


def test_but_not_for_long() -> None:
    told = run(handlers.slow_effect, context={"seconds": 20}, cancel=AfterSeconds(10))
    assert (told.status, told.steps, told.effects) == ("cancelled", {}, {})
    assert told.seconds == pytest.approx(11.5)


def test_a_crash_waits_for_nothing() -> None:
    told = run(handlers.slow_effect, context={"seconds": 11}, crash=AfterSeconds(10))
    assert (told.status, told.steps, told.effects) == ("waiting", {}, {})
    assert told.seconds == pytest.approx(10)


def test_what_only_looks_like_a_secret_stays_in_a_private_step() -> None:
    told = run(handlers.editing, context={"key": "hunter2-hunter2"})
    assert told.steps == {"edit": "postgres://app:app@host [redacted]", "plan": "postgres://[redacted]@host [redacted]"}
    assert told.result is True


def test_a_stop_of_the_worker_costs_no_attempt(tmp_path: Path) -> None:
    told = run(letter, context={"box": str(tmp_path)}, shutdown=AfterSeconds(60))
    assert (told.status, told.failed_reason) == ("waiting", None)
    assert again(told).result["text"] == "written in attempt 1"


def test_a_failed_attempt_costs_one(caplog: pytest.LogCaptureFixture) -> None:
    told = run(probe, context={"how": "error", "key": "hunter2-hunter2"})
    assert (told.status, told.retry_after, told.failed_reason) == ("delayed", None, "ValueError: bad [redacted]")
    assert isinstance(told.error, ValueError)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "handlers.py" in record.message
    assert "hunter2" not in record.message
    assert again(told).status == "failed"


def test_a_retry_says_when() -> None:
    told = run(probe, context={"how": "retry_at_once"})
    assert (told.status, told.retry_after, told.failed_reason) == ("waiting", 0, "Now.")


def test_the_wall_time_counts_on_the_kit_s_clock() -> None:
    told = run(stubborn, context={"times": 1})
    assert told.seconds == 30
    assert told.failed_reason is not None
    assert told.failed_reason.startswith("wall_time_exceeded")


def test_who_ignores_a_cancel_fails_the_test() -> None:
    with pytest.raises(IgnoredCancel, match="stubborn"):
        run(stubborn, context={"times": 3})


def test_a_moment_that_does_not_come_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"before AfterStep\(name='wrote'\)"):
        run(letter, context={"box": str(tmp_path)}, crash=AfterStep("wrote"))


def test_a_job_that_a_gateway_would_refuse() -> None:
    with pytest.raises(ContextRefused, match=r'"how" is a required property; context\.key: "abc" is shorter'):
        run(probe, context={"key": "abc"})


@pytest.mark.parametrize("moment", [AfterTelling("two"), BeforeKept("first"), AfterStep("first")])
def test_a_blocking_handler_is_cancelled_by_what_it_does_next(moment: Moment) -> None:
    told = run(probe_blocking, context={"how": "result"}, cancel=moment)
    assert (told.status, "made" in told.steps) == ("cancelled", False)
    assert ("first" in told.steps) is (moment == AfterStep("first"))


def test_a_blocking_handler_goes_on_after_a_crash() -> None:
    told = run(probe_blocking, context={"how": "result"}, crash=AfterStep("first"))
    assert (told.status, told.steps) == ("waiting", {"first": [1, 2]})
    done = again(told)
    assert (done.result, done.output, done.effects) == ([[1, 2], "found", False], "half\n", {"made": "found"})


def test_a_blocking_handler_has_no_clock() -> None:
    with pytest.raises(ValueError, match="name another moment"):
        run(probe_blocking, context={"how": "result"}, cancel=AfterSeconds(1))


def test_each_job_of_a_batch_has_its_end() -> None:
    jobs = [Job(context={"how": how}) for how in ("result", "fail", "error")]
    done, failed, wrong = run_batch(handlers.probe_batch, jobs)
    assert (done.result, failed.failed_reason, wrong.failed_reason) == ({"of": 3}, "no: Never.", "ValueError: bad luck")
    with pytest.raises(ValueError, match="at most 3 jobs"):
        run_batch(handlers.probe_batch, [*jobs, Job(context={"how": "result"})])


def test_a_batch_goes_on_while_only_one_of_its_jobs_is_cancelled() -> None:
    first, second = run_batch(batches.posts, [Job(), Job()], cancel={0: AfterTelling("Posting")})
    assert (first.status, first.effects) == ("cancelled", {})
    assert (second.status, second.effects) == ("completed", {"post": "made"})


def test_a_batch_is_cancelled_when_all_are() -> None:
    told = run_batch(batches.posts, [Job(), Job()], cancel={0: AfterTelling("Posting"), 1: AfterTelling("Posting")})
    assert [each.status for each in told] == ["cancelled", "cancelled"]


def test_a_batch_dies_with_its_worker() -> None:
    first, second = run_batch(batches.posts, [Job(), Job()], crash=AfterStep("post"))
    assert (first.status, first.steps) == ("waiting", {"post": "job_0test_1:post"})
    assert (second.status, second.steps) == ("waiting", {})


def test_the_environment_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOX", raising=False)
    assert run(batches.environment, environment={"BOX": "red"}).result == "red"
    assert run(batches.environment).result is None


def test_what_is_left_behind_is_ended() -> None:
    told = run(batches.forgetful)
    assert (told.status, told.logs) == ("completed", ["cut off"])


def test_a_function_without_the_mark() -> None:
    with pytest.raises(TypeError, match="no handler"):
        run(handlers.fill)


async def test_a_test_that_is_async_is_told_to_be_none() -> None:
    with pytest.raises(RuntimeError, match="isn't async"):
        run(probe, context={"how": "result"})
    assert (await asyncio.to_thread(run, probe, context={"how": "result"})).status == "completed"
