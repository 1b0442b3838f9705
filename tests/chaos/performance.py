"""One chaos run from the first process to the history that it leaves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from codeforge_common.cancelling import cancel
from codeforge_common.job import TERMINAL
from tests.chaos.check.sequences import unseen
from tests.chaos.clients import Clients
from tests.chaos.collect import Remains
from tests.chaos.history import History, Sight
from tests.chaos.injector import Injector
from tests.chaos.journal import now, read
from tests.chaos.plan import Plan
from tests.chaos.stage import MOST_RUNNING, NAMESPACE, Stage, open_stage
from tests.chaos.watchers import SocketWatcher, StreamWatcher, Watcher

REST_SECONDS = 120
"""What jobs have to come to rest after the last fault, and watchers to hear of it."""
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """``history`` is for the checker; the rest only for the report. ``ended``: services that ended by themselves."""

    history: History
    seconds: float
    repeats: Mapping[str, int]
    ended: Sequence[str]


async def perform(plan: Plan, *, folder: Path, amqp: bool) -> Performance:
    """Carries the plan out on a stage of its own. What the processes leave is in ``folder``."""
    with open_stage(folder=folder, amqp=amqp) as stage:
        return await _perform(plan, stage)


async def _perform(plan: Plan, stage: Stage) -> Performance:
    begun = now()
    clients, injector = Clients(stage.house.url()), Injector(stage)
    seen: list[Sight] = []
    remains = Remains(stage.server.url, namespace=NAMESPACE)
    async with AsyncExitStack() as stack:
        stack.callback(remains.close)
        stack.push_async_callback(clients.close)
        watchers = _watchers(stage, seen)
        beside = [asyncio.create_task(each) for each in (injector.revive(), *(watcher.run() for watcher in watchers))]
        stack.push_async_callback(cancel, beside)
        async with asyncio.TaskGroup() as group:
            group.create_task(clients.run(plan.orders))
            group.create_task(injector.run(plan.faults))
        for link in stage.links.values():
            link.lose_replies(0)
        await _until_at_rest(remains)
        await _until_seen(remains, watchers)
    for task in beside:
        if not task.cancelled():
            task.result()  # it should have gone on: whatever it raised is the stage's fault, and no finding
    seconds = now() - begun
    await asyncio.to_thread(stage.house.stop)
    return Performance(
        history=_history(stage, clients, injector, seen),
        seconds=seconds,
        repeats=Counter(clients.repeats),
        ended=injector.ended,
    )


def _watchers(stage: Stage, seen: list[Sight]) -> Sequence[Watcher]:
    gateway, notifier = stage.house.url("gateway"), stage.house.url("notifier")
    return [
        StreamWatcher(name="stream", url=gateway, user="user-0", see=seen.append),
        SocketWatcher(name="socket", url=notifier, user="user-1", see=seen.append),
    ]


async def _until_at_rest(remains: Remains) -> None:
    deadline = now() + REST_SECONDS
    while now() < deadline and not set((await asyncio.to_thread(remains.statuses)).values()) <= TERMINAL:
        await asyncio.sleep(LOOK_SECONDS)


async def _until_seen(remains: Remains, watchers: Sequence[Watcher]) -> None:
    deadline = now() + REST_SECONDS
    records = await asyncio.to_thread(remains.records)
    last = {watcher.name: watcher.last for watcher in watchers}
    while now() < deadline and any(unseen(last, records)):
        await asyncio.sleep(LOOK_SECONDS)


def _history(stage: Stage, clients: Clients, injector: Injector, seen: Sequence[Sight]) -> History:
    remains = Remains(stage.server.url, namespace=NAMESPACE)
    try:
        return History(
            answers=clients.answers,
            cancels=clients.cancels,
            lines=read(stage.journal),
            changes=stage.server.changes(),
            missing=stage.server.missing(),
            restores=stage.server.restores,
            freezes=injector.freezes,
            seen=seen,
            records=remains.records(),
            indexes=remains.indexes(),
            most_running=MOST_RUNNING,
            surprises=[*clients.surprises, *injector.surprises],
        )
    finally:
        remains.close()
