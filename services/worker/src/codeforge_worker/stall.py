"""What a worker does when its event loop hangs: it saves what can be saved and ends itself."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from types import FrameType

import structlog

from codeforge_common.errors import StoreUnavailable
from codeforge_common.events import log_line
from codeforge_common.store import Outcome, Report, Store
from codeforge_worker import clock
from codeforge_worker.lease import Lease, Leases
from codeforge_worker.owners import TaskOwners

REAP_SECONDS = 5.0
"""What killed children have to be gone, unless somebody is in a hurry."""

ANSWER_SECONDS = 10.0
"""What the store has to take the hand-backs, unless somebody is in a hurry."""

GIVE_UP_SECONDS = 30
"""After so long the kernel ends the process (SIGALRM), whatever this code is waiting for: a lock of the hung thread."""

CULPRIT_LINE = "The job's code held up the worker's event loop, and the worker had to end"

LAST_NUMBER = 2**31
"""Of a run's report that no other may follow."""

_PARK = signal.SIGUSR1

_log = structlog.get_logger(__name__)


class StalledLoop:
    """Made on the main thread, whose event loop it is about; called from the lifeline thread."""

    def __init__(
        self,
        *,
        worker: str,
        leases: Leases,
        owners: TaskOwners,
        unsettled: Callable[[], Sequence[Outcome]],
        end_process: Callable[[], None],
    ) -> None:
        """``unsettled``: outcomes that the store hasn't confirmed. ``end_process`` doesn't return."""
        self._worker = worker
        self._leases = leases
        self._owners = owners
        self._unsettled = unsettled
        self._end_process = end_process
        self._thread = threading.get_ident()
        signal.signal(_PARK, _park)

    async def end(self, store: Store) -> None:
        """Saves what can be saved and ends the process."""
        signal.alarm(GIVE_UP_SECONDS)
        await self.rescue(store)
        self._end_process()

    async def rescue(
        self, store: Store, *, reap_seconds: float = REAP_SECONDS, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """Logs where the loop hangs, kills and reaps the children, hands back what others can run.

        The run whose code the loop is in is left to expire: an ordinary crash. Where that is nobody's, any of the
        async runs may be the cause, and none of them is handed back. The loop's thread does nothing any more.
        """
        culprits = self._owners.current()
        jobs = [lease.job_id for lease in culprits]
        _log.critical("the event loop hangs, the worker ends", job_ids=jobs, stack=self._stack())
        # From here on no code of a run goes on, even if whatever the loop hangs in should end.
        signal.pthread_kill(self._thread, _PARK)
        left, reaped_by = self._leases.running, clock.now() + reap_seconds
        for lease in left:
            lease.kill(timeout=0)
        innocent = [lease for lease in left if self._may_be_handed_back(lease, culprits, reaped_by=reaped_by)]
        outcomes = [*self._unsettled(), *(lease.hand_back("The worker's event loop hung.") for lease in innocent)]
        try:
            async with asyncio.timeout(answer_seconds):
                await store.settle(worker=self._worker, outcomes=outcomes)
                if culprits:
                    await store.report(worker=self._worker, reports=[_last_words(lease) for lease in culprits])
        except (StoreUnavailable, TimeoutError) as error:
            _log.error("the store couldn't be told", reason=str(error) or "no answer in time")

    def _may_be_handed_back(self, lease: Lease, culprits: Sequence[Lease], *, reaped_by: float) -> bool:
        if lease.pausable:
            return lease.kill(timeout=max(reaped_by - clock.now(), 0.1))
        return bool(culprits) and lease not in culprits

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._thread)
        return "".join(traceback.format_stack(frame)) if frame else ""


def _last_words(lease: Lease) -> Report:
    """What the job's log says before the crash: whose fault it was."""
    line = log_line(CULPRIT_LINE, at=time.time())
    return Report(job_id=lease.job_id, token=lease.token, number=LAST_NUMBER, lines=[line])


def _park(signal_number: int, frame: FrameType | None) -> None:
    while True:
        time.sleep(3600)
