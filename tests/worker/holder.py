"""A run that only remembers what it was told."""

from __future__ import annotations

from typing import Any

from codeforge_worker.lease import Holder, Lease, Stop


class RecordingHolder(Holder):
    """``told``: the reasons to stop, in order. ``allowed_until``: until when its code may run."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.allowed_until: float | None = None

    def stop(self, reason: Stop) -> None:
        self.told.append(reason)

    def allow_until(self, moment: float) -> None:
        self.allowed_until = moment

    def kill(self, *, timeout: float) -> bool:
        self.told.append("kill")
        return True


def lease_for(
    holder: RecordingHolder,
    *,
    job_id: str = "job",
    token: int = 1,
    since: float = 0,
    pausable: bool = False,
    wall_end: float | None = None,
    slots: int = 1,
) -> Lease:
    """A lease of ten seconds."""
    return Lease(
        job_id=job_id,
        token=token,
        seconds=10,
        since=since,
        holder=holder,
        pausable=pausable,
        wall_end=wall_end,
        slots=slots,
    )
