from __future__ import annotations

from codeforge_common.store import Outcome, OutcomeKind
from codeforge_worker.recent import KEPT_BYTES, KEPT_OUTCOMES, KEPT_SECONDS, RecentOutcomes


def outcome(job_id: str, *, result: str = "null") -> Outcome:
    return Outcome(job_id=job_id, token=1, kind=OutcomeKind.COMPLETED, result=result)


def test_what_was_taken_in_the_last_seconds_is_remembered_in_order() -> None:
    recent = RecentOutcomes()
    for at, job_id in ((0, "old"), (5, "a"), (6, "b")):
        recent.add([outcome(job_id)], now=at)
    assert [one.job_id for one in recent.since(0.1 + KEPT_SECONDS)] == ["a", "b"]
    assert recent.since(100) == []


def test_it_stays_within_its_bounds() -> None:
    recent = RecentOutcomes()
    for number in range(KEPT_OUTCOMES + 5):
        recent.add([outcome(str(number))], now=0)
    kept = recent.since(0)
    assert (len(kept), kept[0].job_id) == (KEPT_OUTCOMES, "5")
    half = "x" * (KEPT_BYTES // 2)
    for job_id in ("first", "second", "third"):
        recent.add([outcome(job_id, result=half)], now=0)
    assert [one.job_id for one in recent.since(0)] == ["second", "third"]
    recent.add([outcome("too large", result=half * 3)], now=0)
    assert recent.since(0) == []
