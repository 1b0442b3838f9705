"""The checker finds what must not be: histories with one fault each, and some that only look bad."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from codeforge_common.job import Status
from tests.chaos.check import Rule, check
from tests.chaos.history import Answer, Cancel, Indexes, Sight
from tests.chaos.journal import Word
from tests.chaos.tale import Tale, completed, crashed, recorded, rules


def flaky() -> Tale:
    """One job that fails once and then succeeds."""
    tale = Tale()
    tale.accept(type="chaos_flaky", succeed_at=2)
    for attempt, run in enumerate("ab"):
        tale.claim(attempt + 1.0)
        tale.run(run, attempt + 1.01, attempt + 1.4)
        tale.retry(attempt + 1.5) if run == "a" else tale.end(attempt + 1.5, run)
    return tale


def cancelled() -> Tale:
    """One job, cancelled while it ran."""
    tale = Tale()
    tale.accept(type="chaos_cancelled")
    tale.claim(1.0)
    tale.run("a", 1.01, 1.6, end=Word.STOPPED)
    tale.cancel(1.5)
    tale.end(1.7, None, status=Status.CANCELLED)
    return tale


@pytest.mark.parametrize("tell", [completed, crashed, flaky, cancelled])
def test_what_went_well_breaks_no_rule(tell: Callable[[], Tale]) -> None:
    assert check(tell().history()).violations == []


def test_handed_back_is_no_fault() -> None:
    tale = Tale()
    tale.accept()
    tale.claim(1.0)
    tale.run("a", 1.01, 1.4, end=Word.STOPPED)
    tale.hand_back(1.5)
    tale.claim(1.5)
    tale.run("b", 1.51, 1.9)
    tale.end(2.0, "b")
    assert check(tale.history()).violations == []


# Each job. ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_that_is_gone_is_lost() -> None:
    tale = completed()
    tale.answers.append(Answer(key="another", job="job-2", type="chaos_plain", user="ann"))
    assert rules(tale.history()) == {Rule.LOST}


def test_a_job_that_does_not_come_to_rest_is_found() -> None:
    history = completed().history()
    records = {"job-1": replace(history.records["job-1"], status=Status.WAITING)}
    assert Rule.RESTING in rules(replace(history, records=records))


def test_a_second_end_is_found() -> None:
    tale = completed()
    tale.end(2.5, "a")
    assert rules(tale.history()) == {Rule.RESTING}


def test_a_key_with_two_jobs_is_found() -> None:
    tale = completed()
    tale.accept("job-2")
    tale.answers[-1] = replace(tale.answers[-1], key=tale.answers[0].key)
    tale.claim(1.0, "job-2")
    tale.run("b", 1.01, 1.9, "job-2")
    tale.end(2.0, "b", "job-2")
    assert rules(tale.history()) == {Rule.DOUBLED}


def test_a_job_that_nobody_was_answered_with_is_found() -> None:
    history = completed().history()
    assert rules(replace(history, answers=[])) == {Rule.DOUBLED}


@pytest.mark.parametrize(
    "changed",
    [
        {"attempts": 2},
        {"crashes": 3},
        {"status": Status.FAILED, "error": "RuntimeError: why?", "result_of": None},
        {"status": Status.FAILED, "error": "poison: the worker was lost", "crashes": 2, "result_of": None},
        {"status": Status.CANCELLED},
    ],
    ids=["a crash counted as an attempt", "a crash too many", "failed", "poison too soon", "never cancelled"],
)
def test_another_end_than_the_jobs_own_is_found(changed: dict[str, Any]) -> None:
    assert Rule.OUTCOME in rules(recorded(completed().history(), **changed))


@pytest.mark.parametrize(("code", "found"), [(200, {Rule.OUTCOME}), (409, set())])
def test_a_confirmed_cancel_is_final(code: int, found: set[Rule]) -> None:
    history = completed().history()
    assert rules(replace(history, cancels=[Cancel(job="job-1", code=code)])) == found


@pytest.mark.parametrize(("delay", "found"), [(1.0, set()), (1.1, {Rule.EARLY})])
def test_a_job_that_starts_before_its_time_is_found(delay: float, found: set[Rule]) -> None:
    history = completed().history()
    assert rules(replace(history, answers=[replace(history.answers[0], delay=delay)])) == found


# The event log. ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_gap_in_a_jobs_sequence_is_found() -> None:
    tale = completed()
    del tale.changes[2]
    tale.changes[2] = replace(tale.changes[2], n=3)
    assert rules(tale.history()) == {Rule.GAP}


def test_a_gap_in_the_log_is_found() -> None:
    tale = completed()
    tale.changes[-1] = replace(tale.changes[-1], n=5)
    assert rules(tale.history()) == {Rule.GAP}


def test_a_record_that_is_ahead_of_its_events_is_found() -> None:
    assert rules(recorded(completed().history(), seq=5)) == {Rule.GAP}


def test_what_a_mere_restart_lost_is_found() -> None:
    history = completed().history()
    assert rules(replace(history, missing=history.changes[:1])) == {Rule.FORGOTTEN}


@pytest.mark.parametrize(
    ("seqs", "found"),
    [
        ([1, 2, 3, 4], set()),
        ([0, 2, 3, 4], set()),
        ([1, 2, 4], {Rule.SIGHT}),
        ([1, 2, 2, 3, 4], {Rule.SIGHT}),
        ([1, 2, 3], {Rule.SIGHT}),
        ([1, 2, 0, 2, 3, 4], set()),
    ],
    ids=["all", "late", "a gap", "twice", "not the last", "begun anew"],
)
def test_what_a_watcher_was_sent_is_checked(seqs: list[int], found: set[Rule]) -> None:
    seen = [Sight(watcher="w", job="job-1", seq=seq) if seq else Sight(watcher="w") for seq in seqs]
    assert rules(replace(completed().history(), seen=seen)) == found


# Counters and indexes. ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "left",
    [
        {"members": {"leases": ["job-1"]}},
        {"members": {"ready:chaos_plain:ann": ["job-1"]}},
        {"members": {"finished:completed": []}},
        {"members": {"completed:chaos_plain:ann": []}},
        {"members": {"jobs:ann": ["job-1", "job-9"]}},
        {"members": {"rotation:chaos_plain": ["ann"]}},
        {"members": {"rotation:chaos_plain": ["ann"], "rotating:chaos_plain": ["ann"]}},
        {"numbers": {"load": {"ann": 1}}},
        {"numbers": {"counts:chaos_plain": {"completed": 2}}},
        {"parts": {"job-1", "job-9"}},
    ],
    ids=lambda left: json.dumps(left, default=sorted),
)
def test_a_counter_or_an_index_that_is_wrong_is_found(left: dict[str, Any]) -> None:
    history = completed().history()
    indexes = Indexes(
        members={**history.indexes.members, **left.get("members", {})},
        numbers={**history.indexes.numbers, **left.get("numbers", {})},
        parts=history.indexes.parts | left.get("parts", set()),
    )
    assert rules(replace(history, indexes=indexes)) == {Rule.INDEX}


def test_whatever_else_should_not_have_happened_is_told() -> None:
    history = replace(completed().history(), surprises=["the gateway said 500"])
    assert rules(history) == {Rule.SURPRISE}
