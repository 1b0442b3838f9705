"""The checker: finds in a history what must not be. It knows nothing of how the history came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.check.caps import check_caps
from tests.chaos.check.figures import Figures, count
from tests.chaos.check.indexes import check_indexes
from tests.chaos.check.jobs import check_jobs
from tests.chaos.check.ownership import IN_A_CHILD, check_results, check_runs, check_tokens, check_writers
from tests.chaos.check.runs import place, runs_of
from tests.chaos.check.sequences import check_sequences, check_sights
from tests.chaos.check.steps import check_steps
from tests.chaos.check.tenures import tenures_of
from tests.chaos.check.violation import Rule, Violation
from tests.chaos.history import History

__all__ = ["Figures", "Finding", "Rule", "Violation", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a history, and what it holds."""

    violations: Sequence[Violation]
    figures: Figures


def check(history: History) -> Finding:
    """Looks at everything."""
    tenures = tenures_of(history)
    types = {job: record.type for job, record in history.records.items()}
    placed = {
        job: place(runs, tenures.get(job, ()), () if types.get(job) == IN_A_CHILD else history.freezes)
        for job, runs in runs_of(history).items()
    }
    violations = [
        *check_jobs(history),
        *check_sequences(history),
        *check_writers(tenures),
        *check_tokens(tenures, history),
        *check_runs(placed),
        *check_results(placed, history),
        *check_caps(history),
        *check_steps(history),
        *check_indexes(history),
        *check_sights(history),
        *(Violation(rule=Rule.SURPRISE, text=text) for text in history.surprises),
    ]
    return Finding(violations=violations, figures=count(history, tenures, placed))
