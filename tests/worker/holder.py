"""A run that only remembers what it was told."""

from __future__ import annotations

from typing import Any

from codeforge_worker.lease import Holder, Lease, Stop


class RecordingHolder(Holder):
    """``told``: the calls in order, a pause or resume only where it changes something."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self._paused = False

    def stop(self, reason: Stop) -> None:
        self.told.append(reason)

    def pause(self) -> None:
        if not self._paused:
            self.told.append("pause")
        self._paused = True

    def resume(self) -> None:
        if self._paused:
            self.told.append("resume")
        self._paused = False

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
) -> Lease:
    """A lease of ten seconds."""
    return Lease(
        job_id=job_id, token=token, seconds=10, since=since, holder=holder, pausable=pausable, wall_end=wall_end
    )
