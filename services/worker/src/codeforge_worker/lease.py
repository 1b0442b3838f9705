"""What this worker holds: its leases with their deadlines. Pure but for a lock: two threads look at it.

The event loop takes leases when a claim is answered and lets go of them when an outcome is; the lifeline thread renews
them meanwhile. Deadlines count from the *first send* of the last answered claim or renewal, because the server's own
count began at that moment at the earliest (architecture: A handler never outlives its lease).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from codeforge_common.handler.ending import Stop
from codeforge_common.store import Outcome, OutcomeKind, Verdict

LATE = 0.5
"""Share of the lease after which a claim's answer comes too late to start a run on it."""

PAUSE = 0.7
"""Share of the lease without an answered renewal at which an async handler is cancelled and a child paused."""

END = 0.9
"""Share of the lease at which an async handler that hasn't ended ends the process."""

STOPS = {Verdict.CANCELLED: Stop.CANCELLED, Verdict.FENCED: Stop.FENCED, Verdict.GONE: Stop.GONE}
"""What a verdict on a lease means for its run; any other lets it go on."""


@dataclass(eq=False, slots=True, kw_only=True)
class Lease(ABC):
    """The right to run one job, for ``seconds`` since ``since`` (of :func:`codeforge_worker.clock.now`).

    What it can do to the run, any thread may ask for, at any time and repeatedly.
    ``pausable``: the run's code is in a child of its own. ``wall_end``: when the attempt has taken too long.
    ``slots``: how many of the worker's slots it fills; 0 for one that shares the slot of another job of its batch.
    ``ended``: no code of the run can go on; what is missing is that the store takes its outcome.
    """

    job_id: str
    token: int
    seconds: float
    since: float
    pausable: bool = False
    wall_end: float | None = None
    slots: int = 1
    ended: bool = False

    @abstractmethod
    def stop(self, reason: Stop) -> None:
        """Asks the run to end; the first reason counts."""

    @abstractmethod
    def allow_until(self, moment: float) -> None:
        """Pauses the code of a blocking run at ``moment``, unless it is allowed to go on before, and until it is."""

    @abstractmethod
    def kill(self, *, timeout: float) -> bool:
        """Ends a blocking run by force; blocks for about ``timeout`` seconds at most, 0 only begins it.

        Whether nothing of it is left.
        """

    @property
    def pause_at(self) -> float:
        """When a run that can be paused is, unless a renewal is answered before."""
        return self.since + PAUSE * self.seconds

    def hand_back(self, reason: str) -> Outcome:
        """The outcome that returns the job unfinished and blameless; for when no code of the run can go on."""
        return Outcome(job_id=self.job_id, token=self.token, kind=OutcomeKind.HANDED_BACK, reason=reason)

    def used(self, now: float) -> float:
        """The share of the lease that is used up: 0 at its start, 1 at its end and more after it."""
        return (now - self.since) / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a renewal says: the leases held, the number of the last answered claim, the free slots."""

    leases: tuple[Lease, ...]
    answered: int
    free: int


class Leases:
    """All leases of the worker and, by them, its free slots. Safe across threads.

    A set and not a mapping by job: a job that was taken from us and claimed again has two for a moment, the old one's
    child paused and about to be killed.
    """

    def __init__(self, *, slots: int) -> None:
        """``slots``: how many jobs, or batches of them, the worker runs at the same time."""
        self._slots = slots
        self._lock = Lock()
        self._held: set[Lease] = set()
        self._filled = 0
        self._answered = 0
        self._accepting = True

    def answered(self, number: int, taken: Sequence[Lease]) -> None:
        """Notes that claim ``number`` has been answered and which leases it brought."""
        with self._lock:
            self._answered = number
            self._held.update(taken)
            self._filled += sum(lease.slots for lease in taken)

    def end(self, lease: Lease) -> None:
        """The run has ended and its slot is free; the lease is kept until the store has taken the outcome."""
        with self._lock:
            self._end(lease)

    def release(self, *leases: Lease) -> None:
        """The store has taken the outcome of each, or there is none to take."""
        with self._lock:
            for lease in leases:
                self._end(lease)
            self._held.difference_update(leases)

    def refuse(self) -> None:
        """No more work: from now on no slot counts as free."""
        self._accepting = False

    @property
    def accepting(self) -> bool:
        """Whether the worker still takes work."""
        return self._accepting

    @property
    def free(self) -> int:
        """Slots for which work may be claimed."""
        return self._slots - self._filled if self._accepting else 0

    @property
    def held(self) -> frozenset[Lease]:
        """All leases that the store hasn't been seen to take back."""
        with self._lock:
            return frozenset(self._held)

    @property
    def running(self) -> tuple[Lease, ...]:
        """Leases whose run hasn't ended."""
        with self._lock:
            return tuple(lease for lease in self._held if not lease.ended)

    def snapshot(self) -> Snapshot:
        """What the next renewal has to say, all of the same moment."""
        with self._lock:
            return Snapshot(leases=tuple(self._held), answered=self._answered, free=self.free)

    def current(self, lease: Lease) -> bool:
        """Whether a verdict on ``lease`` is news: it is still held and its outcome isn't on its way."""
        return not lease.ended and lease in self._held

    def _end(self, lease: Lease) -> None:
        if not lease.ended:
            lease.ended = True
            self._filled -= lease.slots
