"""Takes work for the free slots and brings the outcomes home: one call of the store does both.

Only with a free slot, and one call at a time: what ends or rings while a call is under way goes with the next one, so
the size of a call follows the load. A call is repeated, with its claim number, until it is answered; that neither
strands a job nor takes one twice (architecture: claim numbers).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from codeforge_common.handler.ending import HANDED_BACK, Stop
from codeforge_common.queue import Bell
from codeforge_common.store import Outcome, OutcomeKind, Run, Settled, Store, Turn
from codeforge_common.telemetry.metrics import ClaimCause
from codeforge_worker import clock
from codeforge_worker.accounts import Accounts
from codeforge_worker.attempt import Attempt
from codeforge_worker.availability import Availability
from codeforge_worker.batch import batches
from codeforge_worker.call_weight import fitting, weight_of_outcome
from codeforge_worker.lease import LATE, Leases
from codeforge_worker.recent import RecentOutcomes
from codeforge_worker.renewal import Identity
from codeforge_worker.runner import Execution

TOO_LATE = "The claim's answer came too late."

_log = structlog.get_logger(__name__)

_CAUSES = (ClaimCause.RING, ClaimCause.FINISH, ClaimCause.START, ClaimCause.GATHERED)
"""When several made the worker look, the first of these counts."""


class Claimer:
    """The loop that claims; its other methods are plain calls on the event loop.

    ``prepare(runs, since, ring)`` makes the run of one job, or of a batch, ready to begin.
    """

    def __init__(
        self,
        *,
        store: Store,
        identity: Identity,
        leases: Leases,
        prepare: Callable[[Sequence[Run], float, str | None], Execution],
        bell: Bell,
        accounts: Accounts,
        availability: Availability,
        idle_seconds: float,
    ) -> None:
        self._store = store
        self._worker = identity.worker
        self._serves = list(identity.serves)
        self._batch_sizes = {served.type: served.batch for served in identity.serves}
        self._leases = leases
        self._prepare = prepare
        self.full: Callable[[bool], None] = lambda full: None
        """Hears, at each change, whether no slot is free."""
        self._bell = bell
        self._accounts = accounts
        self._availability = availability
        self._idle_seconds = idle_seconds or None
        self._number = 0
        self._was_full = False
        self._causes: set[ClaimCause] = set()
        self._ring: str | None = None
        self._wake = asyncio.Event()
        self._released = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._gathering: asyncio.TimerHandle | None = None
        self._ended: list[Attempt] = []
        self._on_the_way: list[Attempt] = []
        self._recent = RecentOutcomes()
        self._went_back = False

    def look(self, cause: ClaimCause, *, ring: str | None = None) -> None:
        """There may be work. ``ring``: traceparent of the ring that says so."""
        self._causes.add(cause)
        self._ring = ring or self._ring
        self._wake.set()

    def rung(self, job_type: str, ring: str | None) -> None:
        """A ring was heard; from the consumer's thread."""
        self._loop.call_soon_threadsafe(partial(self.look, ClaimCause.RING, ring=ring))

    def store_went_back(self) -> None:
        """The store has lost its last moments. From any thread.

        A lease that came back for a job that ended here is finished again, or the job would run again. Where nothing
        came back the store says so, and nothing changes.
        """
        self._went_back = True
        self._loop.call_soon_threadsafe(partial(self.look, ClaimCause.FINISH))

    def ended(self, execution: Execution) -> None:
        """A run has ended: its slot is free, and its outcomes, where there is one to tell, go with the next call."""
        for attempt in execution.attempts:
            self._accounts.ended(attempt)
            if attempt.outcome is None:
                self._release(attempt)
            else:
                self._leases.end(attempt)
                self._ended.append(attempt)
        self.look(ClaimCause.FINISH)

    def unsettled(self) -> Sequence[Outcome]:
        """Outcomes that the store hasn't confirmed."""
        return [attempt.outcome for attempt in (*self._on_the_way, *self._ended) if attempt.outcome]

    async def next_release(self) -> None:
        """Waits until the worker holds a lease less."""
        self._released.clear()
        await self._released.wait()

    async def run(self) -> None:
        """Claims and brings home until cancelled."""
        self.look(ClaimCause.START)
        while True:
            cause = await self._cause()
            # What was begun a moment ago and ended at once comes along.
            await asyncio.sleep(0)
            if self._went_back:
                await self._settle_again()
            if self._leases.free:
                await self._claim(cause)
            elif self._ended:
                await self._settle()

    async def _cause(self) -> ClaimCause:
        try:
            async with asyncio.timeout(self._idle_seconds):
                await self._wake.wait()
        except TimeoutError:
            return ClaimCause.IDLE
        self._wake.clear()
        cause = next(cause for cause in _CAUSES if cause in self._causes)
        self._causes.clear()
        return cause

    async def _claim(self, cause: ClaimCause) -> None:
        self._number += 1
        number, slots, sent = self._number, self._leases.free, clock.now()
        ring, self._ring = self._ring, None
        outcomes = self._send_ended()

        async def ask() -> Turn:
            return await self._store.claim(
                worker=self._worker, number=number, slots=slots, serves=self._serves, outcomes=outcomes
            )

        turn = await self._availability.until_answered("claim", ask)
        self._home(turn.settled)
        self._bell.ring(turn.rings)
        self._accounts.claimed(len(turn.runs), cause=cause)
        self._look_again(turn.gathering_ms)
        if turn.lost:
            _log.error("jobs are out of the queue, their records are gone or can't be read", job_ids=list(turn.lost))
        await self._begin(turn.runs, number=number, since=sent, ring=ring if cause is ClaimCause.RING else None)
        self._say_whether_full()

    async def _begin(self, runs: Sequence[Run], *, number: int, since: float, ring: str | None) -> None:
        used_ms = (clock.now() - since) * 1000 if self._leases.accepting else math.inf
        timely = [run for run in runs if used_ms <= LATE * run.lease_ms]
        refused = [run for run in runs if used_ms > LATE * run.lease_ms]
        executions = [self._prepare(runs, since, ring) for runs in batches(timely, sizes=self._batch_sizes)]
        self._leases.answered(number, [attempt for execution in executions for attempt in execution.attempts])
        for execution in executions:
            execution.begin()
        if timely:
            self._accounts.began(timely)
            self._take_turns(after=timely[-1].type)
        if refused:
            await self._hand_back(refused)

    async def _hand_back(self, runs: Sequence[Run]) -> None:
        """Returns runs that came too late, or to a worker that is about to stop; nothing of them has begun."""
        reason = TOO_LATE if self._leases.accepting else HANDED_BACK[Stop.SHUTDOWN]
        await self._settle_now(
            [Outcome(job_id=run.job_id, token=run.token, kind=OutcomeKind.HANDED_BACK, reason=reason) for run in runs]
        )

    def _look_again(self, milliseconds: int | None) -> None:
        """Looks again when a batch that isn't full has waited for long enough."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if milliseconds is not None:
            self._gathering = self._loop.call_later(milliseconds / 1000, self.look, ClaimCause.GATHERED)

    async def _settle(self) -> None:
        self._home(await self._settle_now(self._send_ended()))

    async def _settle_again(self) -> None:
        self._went_back = False
        if outcomes := self._recent.since(clock.now()):
            _log.warning("the store went back in time, recent outcomes are sent again", outcomes=len(outcomes))
            await self._settle_now(outcomes)

    async def _settle_now(self, outcomes: Sequence[Outcome]) -> Sequence[Settled]:
        settled, rings = await self._availability.until_answered(
            "settle", lambda: self._store.settle(worker=self._worker, outcomes=outcomes)
        )
        self._bell.ring(rings)
        return settled

    def _send_ended(self) -> Sequence[Outcome]:
        """What goes with this call; the rest is for the next one, which follows at once."""
        outcomes = [attempt.outcome for attempt in self._ended if attempt.outcome]
        number = fitting(map(weight_of_outcome, outcomes))
        self._on_the_way, self._ended = self._ended[:number], self._ended[number:]
        if self._ended:
            self.look(ClaimCause.FINISH)
        return outcomes[:number]

    def _home(self, settled: Sequence[Settled]) -> None:
        home, self._on_the_way = self._on_the_way, []
        self._release(*home)
        for attempt, said in zip(home, settled, strict=True):
            self._accounts.settled(attempt, said)
        self._recent.add([attempt.outcome for attempt in home if attempt.outcome], now=clock.now())

    def _release(self, *attempts: Attempt) -> None:
        self._leases.release(*attempts)
        if attempts:
            self._released.set()

    def _take_turns(self, *, after: str) -> None:
        place = next(place for place, served in enumerate(self._serves, start=1) if served.type == after)
        self._serves = self._serves[place:] + self._serves[:place]

    def _say_whether_full(self) -> None:
        full = not self._leases.free
        if full != self._was_full:
            self._was_full = full
            self.full(full)
