"""Leases without a run behind them."""

from __future__ import annotations

from typing import Any

from codeforge_common.handler.ending import Stop
from codeforge_worker.lease import Lease


class RecordingLease(Lease):
    """One that only remembers what its run was told.

    ``told``: the reasons to stop, in order. ``allowed_until``: until when its code may run.
    """

    def __init__(
        self, *, job_id: str = "job", token: int = 1, seconds: float = 10, since: float = 0, **more: Any
    ) -> None:
        super().__init__(job_id=job_id, token=token, seconds=seconds, since=since, **more)
        self.told: list[Any] = []
        self.allowed_until: float | None = None

    def stop(self, reason: Stop) -> None:
        self.told.append(reason)

    def allow_until(self, moment: float) -> None:
        self.allowed_until = moment

    def kill(self, *, timeout: float) -> bool:
        self.told.append("kill")
        return True
