"""The checker finds who ran without a right to, and who wrote what wasn't theirs to write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.check import Rule, check
from tests.chaos.history import Answer, Restore
from tests.chaos.journal import Word
from tests.chaos.tale import Tale, completed, crashed, recorded, rules


def test_two_writers_in_one_claim_are_found() -> None:
    tale = completed()
    tale.changes[2:] = []
    tale._entries = 2
    tale.progress(1.1, "a")
    tale.progress(1.2, "b")
    tale.end(2.0, "a")
    assert rules(tale.history()) == {Rule.TOKENS}


def test_a_claim_on_top_of_a_claim_is_found() -> None:
    tale = Tale()
    tale.accept()
    tale.claim(1.0)
    tale.claim(1.5)
    tale.run("a", 1.51, 1.9)
    tale.end(2.0, "a")
    assert Rule.TOKENS in rules(recorded(tale.history(), attempts=1))


def test_a_run_that_writes_under_its_successors_claim_is_found() -> None:
    tale = Tale()
    tale.accept()
    tale.claim(1.0)
    tale.run("a", 1.01, 2.4)
    tale.progress(1.1, "a")
    tale.crash(2.0)
    tale.claim(2.1)
    tale.end(2.5, "a")
    assert {Rule.TOKENS, Rule.LATE} <= rules(tale.history())


def test_a_run_that_goes_on_after_its_lease_is_found() -> None:
    tale = crashed()
    tale.run("a", 1.01, 5.5, end=Word.STOPPED)
    assert rules(tale.history()) == {Rule.LATE, Rule.OVERLAP}


def test_a_run_that_goes_on_after_its_hand_back_is_found() -> None:
    tale = Tale()
    tale.accept()
    tale.claim(1.0)
    tale.run("a", 1.01, 1.6, end=Word.STOPPED)
    tale.hand_back(1.5)
    tale.claim(1.7)
    tale.run("b", 1.71, 1.9)
    tale.end(2.0, "b")
    assert rules(tale.history()) == {Rule.LATE}


def test_a_run_without_a_claim_is_found() -> None:
    tale = completed()
    tale.run("ghost", 2.5, 2.9)
    assert rules(tale.history()) == {Rule.LATE}


def test_two_runs_of_one_claim_are_found() -> None:
    tale = completed()
    tale.run("again", 1.2, 1.8)
    assert rules(tale.history()) == {Rule.LATE, Rule.OVERLAP}


@pytest.mark.parametrize(
    ("woken", "found"),
    [((7.01,), set()), ((7.01, 7.06), {Rule.LATE}), ((7.3,), {Rule.LATE})],
    ids=["once", "twice", "too late"],
)
def test_a_run_that_slept_over_its_lease_may_append_once(woken: tuple[float, ...], found: set[Rule]) -> None:
    tale = crashed()
    tale.run("a", 1.01, 1.5, end=Word.BEAT)
    tale.freeze(1.5, 7.0)
    for at in woken:
        tale.line("a", at)
    finding = check(tale.history())
    assert {violation.rule for violation in finding.violations} - {Rule.OVERLAP} == found
    assert finding.figures.woken == (0 if woken == (7.3,) else 1)


@pytest.mark.parametrize("fault", ["no child", "another process", "a lease that ended before"])
def test_a_freeze_excuses_only_whom_it_hit(fault: str) -> None:
    tale = crashed(lease_ends=1.45 if fault == "a lease that ended before" else 4.0)
    tale.run("a", 1.01, 1.4, end=Word.BEAT)
    tale.line("a", 7.01)
    tale.freeze(1.5, 7.0, process="worker-2.1" if fault == "another process" else "worker-1.1")
    history = tale.history()
    if fault == "no child":
        history = recorded(history, type="chaos_blocking")
    assert Rule.LATE in rules(history)


def test_the_result_of_a_woken_run_must_not_be_stored() -> None:
    tale = crashed()
    tale.run("a", 1.01, 1.5, end=Word.BEAT)
    tale.freeze(1.5, 7.0)
    tale.line("a", 7.01, word=Word.END)
    finding = check(recorded(tale.history(), result_of="a"))
    assert Rule.STALE in {violation.rule for violation in finding.violations}
    assert finding.figures.stale == 1


def test_a_completed_job_without_a_result_is_found() -> None:
    assert rules(recorded(completed().history(), result_of=None)) == {Rule.STALE}


@pytest.mark.parametrize("end", [Word.BEAT, Word.STOPPED])
def test_the_result_of_a_run_that_did_not_end_is_found(end: Word) -> None:
    tale = completed()
    tale.lines.clear()
    tale.run("a", 1.01, 1.9, end=end)
    assert rules(tale.history()) == {Rule.STALE}


def test_a_line_that_was_written_twice_is_found() -> None:
    told = ["a 0", "Handed back, waiting for another worker", "b 0", "Handed back, waiting for another worker", "b 5"]
    assert rules(recorded(completed().history(), log=told)) == set()
    assert rules(recorded(completed().history(), log=[*told, "b 5"])) == {Rule.REPEATED}
    assert rules(recorded(completed().history(), output=["a 0", "a 5"])) == set()
    assert rules(recorded(completed().history(), output=["a 0", "a 0"])) == {Rule.REPEATED}


@pytest.mark.parametrize(("job_type", "found"), [("chaos_plain", {Rule.STALE}), ("chaos_steps", set())])
def test_output_of_a_run_that_was_given_up_is_found(job_type: str, found: set[Rule]) -> None:
    assert rules(recorded(completed().history(), output=["z 0", "a 0"], type=job_type)) == found


def test_a_user_over_the_cap_is_found() -> None:
    tale = Tale()
    for job in ("job-1", "job-2"):
        tale.accept(job)
        tale.claim(1.0, job)
        tale.run("a", 1.01, 1.9, job)
    for job in ("job-1", "job-2"):
        tale.end(2.0, "a", job)
    assert rules(replace(tale.history(), most_running=2)) == set()
    assert rules(replace(tale.history(), most_running=1)) == {Rule.CAP}


@pytest.mark.parametrize("tokens", [[1000, 1000], [2000, 1000], [1000], [1000, 2000, 3000]], ids=str)
def test_tokens_that_do_not_grow_or_are_not_those_of_the_claims_are_found(tokens: list[int]) -> None:
    history = crashed().history()
    assert rules(recorded(history, tokens=tokens)) == {Rule.TOKENS}
    assert rules(recorded(history, tokens=[1000, 2000])) == set()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["doing:one", "kept:one", "doing:two", "doing:two", "kept:two"], set()),
        (["doing:one", "kept:one", "doing:two", "kept:one", "kept:two"], set()),
        (["doing:one", "kept:one", "doing:one"], {Rule.STEP}),
    ],
    ids=["crashed within a step", "taken up again", "run again"],
)
def test_a_step_that_was_kept_and_runs_again_is_found(words: list[str], found: set[Rule]) -> None:
    tale = completed()
    tale.lines.clear()
    for place, word in enumerate(["begin", *words, "end"]):
        tale.line("a", 1.01 + place / 100, word=word)
    assert rules(tale.history()) == found
    restored = Restore(copied_at=1.0, stopped_at=1.5, back_at=1.6, lost=[])
    assert rules(replace(tale.history(), restores=[restored])) == set()


# A server that was given older files. ────────────────────────────────────────────────────────────────────────────────


def restored(*, overlap_until: float) -> Tale:
    """A claim at 2.2 is lost by files of 2.0; the server is back at 3.5, and another run follows at 3.6."""
    tale = Tale()
    tale.accept()
    tale.claim(2.2)
    tale.run("a", 2.21, overlap_until, end=Word.STOPPED)
    tale.progress(2.3, "a")
    tale.restore(copied=2.0, stopped=3.0, back=3.5)
    tale.claim(3.6)
    tale.run("b", 3.61, 7.5, process="worker-2.1")
    tale.end(7.6, "b")
    return tale


def test_a_run_whose_claim_was_lost_may_overlap_for_a_while_and_is_counted() -> None:
    finding = check(restored(overlap_until=4.4).history())
    assert finding.violations == []
    assert finding.figures.restored["overlapping runs"] == 1
    assert finding.figures.restored["claims"] == 1


def test_a_run_whose_claim_was_lost_ends_with_its_next_renewal() -> None:
    assert rules(restored(overlap_until=7.0).history()) == {Rule.LATE}


def test_a_run_whose_claim_was_lost_may_sleep_over_that() -> None:
    tale = restored(overlap_until=3.9)
    tale.freeze(3.95, 9.0)
    tale.line("a", 9.01)
    finding = check(tale.history())
    assert finding.violations == []
    assert finding.figures.woken == 1


def test_a_result_of_a_run_whose_claim_was_lost_must_not_be_stored() -> None:
    history = restored(overlap_until=4.4).history()
    assert rules(recorded(history, result_of="a")) == {Rule.STALE}


def test_a_job_accepted_in_a_lost_second_may_be_missing_and_is_counted() -> None:
    tale = completed()
    tale.accept("job-2")
    tale.changes[-1] = replace(tale.changes[-1], at=2.5)
    tale.restore(copied=2.4, stopped=3.0, back=3.5)
    finding = check(tale.history())
    assert finding.violations == []
    assert finding.figures.restored["jobs accepted and missing"] == 1


def test_an_older_job_may_not_be_missing_after_a_restore() -> None:
    tale = completed()
    tale.restore(copied=2.4, stopped=3.0, back=3.5)
    tale.answers.append(Answer(key="another", job="job-2", type="chaos_plain", user="ann"))
    assert rules(tale.history()) == {Rule.LOST}


def test_a_cancel_in_a_lost_second_binds_nobody() -> None:
    tale = Tale()
    tale.accept(type="chaos_cancelled")
    tale.claim(1.0)
    tale.run("a", 1.01, 4.9)
    tale.cancel(2.5)
    tale.restore(copied=2.0, stopped=3.0, back=3.5)
    tale.end(5.0, "a")
    assert rules(tale.history()) == set()
