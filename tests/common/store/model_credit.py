"""Credit as it should be: what each worker could take, believed for three seconds, taken by whoever rings."""

from __future__ import annotations

from dataclasses import dataclass

from codeforge_common.store.scripts import HEARTBEAT_MS


@dataclass
class Credit:
    """Slots left of one worker. ``doubtful``: the clock made it end; a ring may have thrown it away meanwhile."""

    ends: int
    slots: int
    doubtful: bool = False

    def live(self, now: int) -> bool:
        return now < self.ends <= now + HEARTBEAT_MS


class Credits:
    """The workers' credits for one job type."""

    def __init__(self) -> None:
        self.of: dict[str, Credit] = {}

    def set(self, worker: str, slots: int, *, now: int) -> None:
        self.of.pop(worker, None)
        if slots > 0:
            self.of[worker] = Credit(ends=now + HEARTBEAT_MS, slots=slots)

    def live(self, now: int) -> dict[str, int]:
        """What a ring may be taken from: worker → slots."""
        return {worker: credit.slots for worker, credit in self.of.items() if credit.live(now)}

    def certain(self, now: int) -> bool:
        """Whether :meth:`live` says exactly what the store should have; it notes what ended meanwhile."""
        for credit in self.of.values():
            credit.doubtful |= not credit.live(now)
        doubtful = any(credit.doubtful and credit.live(now) for credit in self.of.values())
        for credit in self.of.values():
            credit.doubtful |= doubtful  # what was taken from one may have been taken from another
        return not doubtful

    def rung(self, rings: int, *, at_least: int, now: int) -> None:
        """``rings`` were sent while at least ``at_least`` jobs became claimable: never more than there are slots."""
        if not self.certain(now):
            return
        slots = sum(self.live(now).values())
        assert min(at_least, slots) <= rings <= slots, f"{rings} rings for {at_least} jobs and {slots} free slots"
        for _ in range(rings):
            heard_last = max(self.live(now), key=lambda worker: (self.of[worker].ends, worker))
            self.of[heard_last].slots -= 1
            if self.of[heard_last].slots == 0:
                del self.of[heard_last]
