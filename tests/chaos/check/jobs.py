"""Each accepted job: there, at rest in one terminal state, the one that it had to reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from codeforge_common.job import TERMINAL, Status
from tests.chaos.check.violation import Rule, Violation
from tests.chaos.history import Answer, Cancel, Change, History, Record

CLOCK_SECONDS = 0.005
"""The store's times are in milliseconds."""
MOST_CRASHES = 3
"""The third lost worker fails a job (contract: JOB_MAX_CRASHES)."""


def created_in_vain(history: History) -> set[str]:
    """Jobs whose creation was lost when older files were put back: they may be missing."""
    lost = {change.job for restore in history.restores for change in restore.lost if change.seq == 1}
    return lost - history.records.keys()


def check_jobs(history: History) -> Iterator[Violation]:
    """I1 and I3."""
    excused = created_in_vain(history)
    asked = {answer.job: answer for answer in history.answers}
    for job, answer in asked.items():
        if job in history.records:
            yield from _check_end(answer, history)
        elif job not in excused:
            yield Violation(rule=Rule.LOST, job=job, text="was accepted and isn't there")
    for job in history.records.keys() - asked.keys():
        yield Violation(rule=Rule.DOUBLED, job=job, text="is nobody's: each submit was answered with another job")
    yield from _check_keys(history.answers, excused)
    yield from _check_delays(asked, history.changes)
    yield from _check_rest(history.changes, history.records)


def _check_keys(answers: Sequence[Answer], excused: set[str]) -> Iterator[Violation]:
    by_key: dict[str, dict[str, None]] = defaultdict(dict)
    for answer in answers:
        by_key[answer.key][answer.job] = None
    for key, jobs in by_key.items():
        kept = [job for job in jobs if job not in excused]
        if len(kept) > 1:
            yield Violation(rule=Rule.DOUBLED, text=f"{key} was answered with {', '.join(kept)}")


def _check_delays(asked: Mapping[str, Answer], changes: Sequence[Change]) -> Iterator[Violation]:
    created: dict[str, float] = {}
    started: set[str] = set()
    for change in changes:
        created.setdefault(change.job, change.at)
        if change.status != Status.ACTIVE or change.job in started or change.job not in asked:
            continue
        started.add(change.job)
        if change.at < created[change.job] + asked[change.job].delay - CLOCK_SECONDS:
            waited = change.at - created[change.job]
            text = f"started {waited:.3f} s after its submit, not {asked[change.job].delay:.3f}"
            yield Violation(rule=Rule.EARLY, job=change.job, text=text)


def _check_rest(changes: Sequence[Change], records: Mapping[str, Record]) -> Iterator[Violation]:
    ends: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.status in TERMINAL or change.job in ends:
            ends[change.job].append(change)
    for job, record in records.items():
        if record.status not in TERMINAL:
            yield Violation(rule=Rule.RESTING, job=job, text=f"is {record.status}")
        elif len(ends[job]) != 1:
            told = ", ".join(change.status for change in ends[job])
            yield Violation(rule=Rule.RESTING, job=job, text=f"went on after its end: {told or 'no end in the log'}")


def _check_end(answer: Answer, history: History) -> Iterator[Violation]:
    record = history.records[answer.job]
    cancelled = [cancel for cancel in history.cancels if cancel.job == answer.job]
    if record.status not in TERMINAL or any(_ended(record, expected) for expected in _ends(answer, cancelled, history)):
        return
    counted = f"{record.attempts} attempts, {record.crashes} crashes"
    text = f"{record.type} is {record.status} after {counted}: {record.error}"
    yield Violation(rule=Rule.OUTCOME, job=answer.job, text=text)


Expected = tuple[Status, int | None, int | None, str]
"""State, attempts, crashes (None: any, where none may reach the most) and the beginning of the reason."""


def _ends(answer: Answer, cancels: Sequence[Cancel], history: History) -> Iterator[Expected]:
    heard = any(cancel.code == 200 for cancel in cancels)
    if not heard or _cancel_was_lost(answer.job, history):
        yield Status.FAILED, None, MOST_CRASHES, "poison: "
        if answer.type == "chaos_refused":
            yield Status.FAILED, 1, None, "no_such_thing: "
        else:
            yield Status.COMPLETED, answer.succeed_at, None, ""
    if heard:
        yield Status.CANCELLED, None, None, ""


def _ended(record: Record, expected: Expected) -> bool:
    status, attempts, crashes, reason = expected
    return (
        record.status == status
        and attempts in (None, record.attempts)
        and (record.crashes < MOST_CRASHES if crashes is None else record.crashes == crashes)
        and (record.error or "").startswith(reason)
    )


def _cancel_was_lost(job: str, history: History) -> bool:
    lost = (change for restore in history.restores for change in restore.lost if change.job == job)
    return any(change.cancel_requested or change.status == Status.CANCELLED for change in lost)
