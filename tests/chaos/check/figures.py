"""What a history holds, counted: what is allowed but should be known, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codeforge_common.job import Status
from tests.chaos.check.jobs import created_in_vain
from tests.chaos.check.ownership import excused, overlapping
from tests.chaos.check.runs import Placed
from tests.chaos.check.tenures import Tenure
from tests.chaos.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """``woken``: lines of runs that had slept over their lease, the latest ``latest_ms`` after SIGCONT.

    ``stale``: stored results of such runs. ``restored``: what older files have cost.
    """

    jobs: Mapping[str, int]
    runs: Mapping[str, int]
    restored: Mapping[str, int]
    woken: int
    latest_ms: float
    stale: int


def count(history: History, tenures: Mapping[str, Sequence[Tenure]], placed: Mapping[str, Sequence[Placed]]) -> Figures:
    """Counts."""
    claims = [tenure for found in tenures.values() for tenure in found]
    runs = [each for found in placed.values() for each in found]
    records = list(history.records.values())
    pairs = [pair for found in placed.values() for pair in overlapping(found) if excused(pair)]
    woken = [line.at - freeze.continued_at for each in runs for freeze, line in each.woken.items()]
    return Figures(
        jobs={
            "accepted": len({answer.job for answer in history.answers}),
            **{status.value: sum(record.status == status for record in records) for status in Status},
            "of them poison": sum((record.error or "").startswith("poison") for record in records),
        },
        runs={
            "claims": len(claims),
            "runs": len(runs),
            "leases that ran out": sum(tenure.crashed for tenure in claims),
            "events": len(history.changes),
        },
        restored={
            "jobs accepted and missing": len(created_in_vain(history)),
            "claims": sum(tenure.lost_with is not None for tenure in claims),
            "overlapping runs": sum(not any(each.woken for each in pair) for pair in pairs),
        },
        woken=len(woken),
        latest_ms=1000 * max(woken, default=0.0),
        stale=sum(bool(each.woken) and _is_stored(each, history) for each in runs),
    )


def _is_stored(placed: Placed, history: History) -> bool:
    record = history.records.get(placed.run.job)
    return record is not None and record.result_of == placed.run.name
