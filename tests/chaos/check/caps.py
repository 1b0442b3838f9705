"""No user runs more jobs at once than may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from codeforge_common.job import Status
from tests.chaos.check.violation import Rule, Violation
from tests.chaos.history import History


def check_caps(history: History) -> Iterator[Violation]:
    """Counts through the event log who held how many jobs."""
    running: dict[str, set[str]] = defaultdict(set)
    for change in history.changes:
        if change.job not in history.records:
            continue
        user = history.records[change.job].user
        if change.status != Status.ACTIVE:
            running[user].discard(change.job)
        elif change.job not in running[user]:
            running[user].add(change.job)
            if len(running[user]) > history.most_running:
                text = f"is one of {len(running[user])} that run for {user} at {change.at:.3f}"
                yield Violation(rule=Rule.CAP, job=change.job, text=text)
