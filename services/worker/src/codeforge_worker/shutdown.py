"""How a worker stops without burning an attempt: no new work, time to finish, then everything is handed back."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import TimeoutError as NoAnswer
from concurrent.futures import wait
from functools import partial

import structlog

from codeforge_common.errors import StoreUnavailable
from codeforge_common.handler.ending import HANDED_BACK, Stop
from codeforge_common.queue import Bell
from codeforge_common.store import Store
from codeforge_worker import clock
from codeforge_worker.claimer import Claimer
from codeforge_worker.lease import Lease, Leases
from codeforge_worker.lifeline import Lifeline
from codeforge_worker.renewal import Identity

FORCE_SECONDS = 3.0
"""After the grace period: what cancelled runs have to end before the worker ends without them."""

REAP_SECONDS = 0.5
"""What children that are killed at the end have to be gone."""

LAST_CALL_SECONDS = 1.0
"""What the store has to take the worker's last call."""

GIVE_UP_SECONDS = FORCE_SECONDS + 0.1
"""After the grace period: when a loop that hasn't begun to end by force may hang."""

TURN_SECONDS = 0.8
"""What a loop has for its next turn before it counts as one that hangs: the machine may be busy."""

RESCUE_REAP_SECONDS = 0.3
"""What children, killed when that time began, have to be gone after it."""

RESCUE_ANSWER_SECONDS = 0.6
"""What the store has to hear of what a hanging loop leaves behind."""

FORCED_SECONDS = GIVE_UP_SECONDS + TURN_SECONDS + RESCUE_REAP_SECONDS + RESCUE_ANSWER_SECONDS
"""After the grace period: when a worker has ended, whatever hangs. 25 + 4.8 s stay below the 30 s of platforms."""

_log = structlog.get_logger(__name__)


class Shutdown:
    """The steps of a stop, in the order in which :class:`~codeforge_worker.worker.Worker` takes them."""

    def __init__(
        self,
        *,
        identity: Identity,
        leases: Leases,
        lifeline: Lifeline,
        claimer: Claimer,
        bell: Bell,
        grace_seconds: float,
        rescue: Callable[[Store], Awaitable[None]],
        end_process: Callable[[int], None],
    ) -> None:
        """``rescue`` saves what can be saved of a loop that hangs, within :data:`RESCUE_REAP_SECONDS` and
        :data:`RESCUE_ANSWER_SECONDS`. ``end_process`` ends it at once, with that exit code."""
        self._identity = identity
        self._leases = leases
        self._lifeline = lifeline
        self._claimer = claimer
        self._bell = bell
        self._grace_seconds = grace_seconds
        self._rescue = rescue
        self._end_process = end_process
        self._loop = asyncio.get_running_loop()
        self._forced = threading.Event()

    def refuse_work(self) -> None:
        """No credit and no claim from now on."""
        self._leases.refuse()
        self._lifeline.hurry()

    async def let_runs_end(self) -> None:
        """Gives runs the grace period, then cancels them; each is handed back as it ends. Else :meth:`_end_by_force`.

        Returns when the store has taken every outcome.
        """
        if running := self._leases.running:
            _log.info("waiting for running jobs to finish", jobs=len(running), seconds=self._grace_seconds)
        if await self.quiet(within=self._grace_seconds):
            return
        _log.info("the grace period is over, runs are cancelled", runs=len(self._leases.running))
        for lease in self._leases.running:
            lease.stop(Stop.SHUTDOWN)
        if not await self.quiet(within=FORCE_SECONDS):
            self._end_by_force()

    async def quiet(self, *, within: float, apart_from: frozenset[Lease] = frozenset()) -> bool:
        """Waits until no lease is held any more ``apart_from`` some. Whether that came ``within`` seconds."""
        try:
            async with asyncio.timeout(within):
                while self._leases.held - apart_from:
                    await self._claimer.next_release()
        except TimeoutError:
            return False
        return True

    async def say_goodbye(self) -> None:
        """The last call: the store hands back whatever still names this worker, and takes no claim of it any more."""
        try:
            async with asyncio.timeout(LAST_CALL_SECONDS):
                rings = await asyncio.wrap_future(self._lifeline.call(self._last_call))
        except (StoreUnavailable, TimeoutError) as error:
            _log.warning("the store didn't hear the worker's goodbye", reason=str(error) or "no answer in time")
        else:
            self._bell.ring(rings)

    def give_up(self) -> None:
        """Ends the process :data:`GIVE_UP_SECONDS` after the grace period, whatever hangs; from a thread of its own.

        Normally the process has ended before, or is at it.
        """
        left = FORCED_SECONDS - GIVE_UP_SECONDS
        over = clock.now() + left
        signal.setitimer(signal.ITIMER_REAL, left + 0.1)  # should this hang as well
        if self._leases.running:
            self._loop.call_soon_threadsafe(self._end_by_force)
            self._kill_children()
            if not self._forced.wait(TURN_SECONDS):
                wait([self._lifeline.call(self._rescue)], timeout=max(over - clock.now(), 0))
                self._end_process(0)
        time.sleep(max(over - clock.now(), 0))
        _log.critical("the stop takes too long, the process ends")
        self._end_process(0)

    def _end_by_force(self) -> None:
        """Blocks the loop on purpose: no code of a run goes on between the hand-back and the end of the process."""
        self._forced.set()
        left = self._leases.running
        _log.warning("runs didn't end in time, the worker ends without them", runs=len(left))
        children = self._kill_children()
        reaped_by = clock.now() + REAP_SECONDS
        alive = [child for child in children if not child.kill(timeout=max(reaped_by - clock.now(), 0.1))]
        try:
            self._bell.ring(self._lifeline.call(partial(self._last_call, alive=alive)).result(LAST_CALL_SECONDS))
        except (StoreUnavailable, NoAnswer) as error:
            _log.warning("the store didn't hear the worker's goodbye", reason=str(error) or "no answer in time")
        self._bell.close(timeout=0.1)
        self._end_process(0)

    def _kill_children(self) -> Sequence[Lease]:
        """Begins it, for all that run; those."""
        children = [lease for lease in self._leases.running if lease.pausable]
        for child in children:
            child.kill(timeout=0)
        return children

    async def _last_call(self, store: Store, alive: Collection[Lease] = ()) -> Mapping[str, int]:
        """Tells all that is to be told. ``alive`` still runs, so it may not be handed back: its lease will expire."""
        outcomes = list(self._claimer.unsettled())
        if alive:
            reason = HANDED_BACK[Stop.SHUTDOWN]
            outcomes += [lease.hand_back(reason) for lease in self._leases.running if lease not in alive]
        if outcomes:
            _, rings = await store.settle(worker=self._identity.worker, outcomes=outcomes)
            self._bell.ring(rings)
        if alive:
            return {}
        _, rings = await store.close_worker(worker=self._identity.worker, serves=self._identity.serves)
        return rings
