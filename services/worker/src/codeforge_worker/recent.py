"""Outcomes that the store took a moment ago, for the case that it goes back in time. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from codeforge_common.store import Outcome

KEPT_SECONDS = 10.0
"""A power cut or a failover loses the last second; a second server may take some to step in."""

KEPT_OUTCOMES = 1000
KEPT_BYTES = 16 * 1024 * 1024
"""Of results. What doesn't fit is run again, should the store lose it: that costs time, not correctness."""


class RecentOutcomes:
    """Remembers the newest outcomes for ten seconds, within bounds."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Outcome]] = deque()
        self._bytes = 0

    def add(self, outcomes: Sequence[Outcome], *, now: float) -> None:
        """The store has taken ``outcomes`` at ``now`` (seconds)."""
        self._kept.extend([(now, outcome) for outcome in outcomes])
        self._bytes += sum(map(_size, outcomes))
        while self._kept and self._too_much(now):
            _, forgotten = self._kept.popleft()
            self._bytes -= _size(forgotten)

    def since(self, now: float) -> Sequence[Outcome]:
        """Those of the last ten seconds, in the order in which they were taken."""
        return [outcome for at, outcome in self._kept if at >= now - KEPT_SECONDS]

    def _too_much(self, now: float) -> bool:
        old = self._kept[0][0] < now - KEPT_SECONDS
        return old or len(self._kept) > KEPT_OUTCOMES or self._bytes > KEPT_BYTES


def _size(outcome: Outcome) -> int:
    return len(outcome.result or "")
