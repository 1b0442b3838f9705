"""The event log: no gap, nothing twice, and its last word is the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.chaos.check.violation import Rule, Violation
from tests.chaos.history import History, Record


def check_sequences(history: History) -> Iterator[Violation]:
    """I4, and that a restart from the present files has lost nothing."""
    numbers = sorted({change.n for change in history.changes})
    if numbers and numbers != list(range(1, len(numbers) + 1)):
        yield Violation(rule=Rule.GAP, text=f"the log has {len(numbers)} entries numbered up to {numbers[-1]}")
    told: dict[str, list[int]] = defaultdict(list)
    for change in history.changes:
        told[change.job].append(change.seq)
    for job in told.keys() | history.records.keys():
        last = history.records[job].seq if job in history.records else 0
        if told[job] != list(range(1, last + 1)):
            yield Violation(rule=Rule.GAP, job=job, text=f"has seq {last}, its events {told[job]}")
    for change in history.missing:
        yield Violation(rule=Rule.FORGOTTEN, job=change.job, text=f"entry {change.entry}, seq {change.seq}")


def check_sights(history: History) -> Iterator[Violation]:
    """Whoever follows a user's jobs is sent each update once and in order, until told to start anew; the last one too.

    Compares with the records of jobs that were seen.
    """
    last: dict[str, dict[str, int]] = defaultdict(dict)
    for sight in history.seen:
        known = last[sight.watcher]
        if not sight.job:
            known.clear()
            continue
        before = known.get(sight.job, sight.seq - 1)
        if sight.seq != before + 1:
            yield _seen(sight.watcher, sight.job, f"was sent seq {sight.seq} after {before}")
        known[sight.job] = sight.seq
    for watcher, job, seq in unseen(last, history.records):
        yield _seen(watcher, job, f"was sent nothing after seq {seq} of {history.records[job].seq}")


def unseen(last: Mapping[str, Mapping[str, int]], records: Mapping[str, Record]) -> Iterator[tuple[str, str, int]]:
    """Watcher, job and seq wherever the last ``seq`` that a watcher was sent of a job isn't the record's."""
    for watcher, known in last.items():
        for job, seq in known.items():
            if job in records and records[job].seq != seq:
                yield watcher, job, seq


def _seen(watcher: str, job: str, text: str) -> Violation:
    return Violation(rule=Rule.SIGHT, job=job, text=f"{watcher} {text}")
