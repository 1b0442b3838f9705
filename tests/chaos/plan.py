"""What people ask for and what breaks meanwhile: a pure function of a seed, so that a run can be repeated."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.faults import (
    BROKER,
    BROKER_LINK,
    LEASE_SECONDS,
    SERVICES,
    STORE,
    WORKERS,
    Fault,
    FaultKind,
    store_link,
)

SPACING_SECONDS = 1.4
"""Between two faults, on average: so many overlap, and some work gets done."""
BROKER_CRASHES = 2
"""Of a broker of its own. A RabbitMQ takes many seconds to start."""
USERS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody asks for, ``at`` seconds after the start.

    ``seconds``: what the handler works. ``cancel_after``: when the client loses interest, after the answer.
    ``again_after``: when it sends the same submit once more. ``succeed_at``: the attempt that a flaky handler passes.
    ``delay``: how long the job has to wait at least. ``priority``: its head start among the user's.
    """

    number: int
    at: float
    user: str
    type: str
    seconds: float
    cancel_after: float | None = None
    again_after: float | None = None
    succeed_at: int = 1
    delay: float = 0.0
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Both in order of time."""

    orders: Sequence[Order]
    faults: Sequence[Fault]


def plan(*, seed: int, jobs: int, faults: int, amqp: bool) -> Plan:
    """The plan for a seed. ``amqp``: the broker is a server of its own."""
    chance = random.Random(f"{seed} {jobs} {faults} {amqp}")
    breaking = list(_faults(chance, faults, amqp=amqp))
    times = sorted(chance.uniform(0, breaking[-1].at + 1 if breaking else 1) for _ in range(jobs))
    return Plan(orders=[_order(chance, number, at) for number, at in enumerate(times)], faults=breaking)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How many of a hundred orders are for a type, for how long its handler may have to work, and what it passes."""

    share: int
    seconds: tuple[float, ...]
    succeed_at: tuple[int, ...] = (1,)


_KINDS: Mapping[str, _Kind] = {
    "chaos_plain": _Kind(share=30, seconds=(0.1, 0.3, 0.8, 2.0, 1.5 * LEASE_SECONDS)),
    "chaos_blocking": _Kind(share=15, seconds=(0.3, 2.0, 2 * LEASE_SECONDS)),
    "chaos_flaky": _Kind(share=15, seconds=(0.1, 0.3, 0.8), succeed_at=(2, 3)),
    "chaos_steps": _Kind(share=10, seconds=(1.0, 2 * LEASE_SECONDS), succeed_at=(1, 2)),
    "chaos_batch": _Kind(share=10, seconds=(0.3, 2.0)),
    "chaos_cancelled": _Kind(share=15, seconds=(20.0,)),
    "chaos_refused": _Kind(share=5, seconds=(0.1, 2.0)),
}
JOB_TYPES = tuple(_KINDS)


def _order(chance: random.Random, number: int, at: float) -> Order:
    (job_type,) = chance.choices(list(_KINDS), [kind.share for kind in _KINDS.values()])
    return Order(
        number=number,
        at=at,
        user=f"user-{chance.randrange(USERS)}",
        type=job_type,
        seconds=chance.choice(_KINDS[job_type].seconds),
        cancel_after=chance.uniform(0, 3) if job_type == "chaos_cancelled" else None,
        again_after=chance.uniform(0, 3) if chance.random() < 0.1 else None,
        succeed_at=chance.choice(_KINDS[job_type].succeed_at),
        delay=chance.uniform(0.5, 4) if chance.random() < 0.1 else 0.0,
        priority=chance.choice((0, 0, 0, 5)),
    )


def _faults(chance: random.Random, count: int, *, amqp: bool) -> Sequence[Fault]:
    """Every kind comes up once, as far as ``count`` goes, before any comes up for the second time."""
    kinds: list[FaultKind] = []
    while len(kinds) < count:
        kinds += chance.sample(list(FaultKind), len(FaultKind))
    at, faults = 0.0, []
    for kind in kinds[:count]:
        at += chance.uniform(0.5, 1.5) * SPACING_SECONDS
        faults.append(_MAKE[kind](chance, at, amqp))
    for place in chance.sample(range(count), min(BROKER_CRASHES, count)) if amqp else ():
        at = faults[place].at
        faults[place] = Fault(at=at, kind=FaultKind.CRASH, target=BROKER, seconds=chance.uniform(0, 2))
    return faults


Make = Callable[[random.Random, float, bool], Fault]

_TARGETS = (*SERVICES, *WORKERS)
"""Workers are hit more often than the others: they have the most to lose."""


def _service(kind: FaultKind, least: float, most: float) -> Make:
    def make(chance: random.Random, at: float, amqp: bool) -> Fault:
        target = chance.choice(_TARGETS)
        return Fault(at=at, kind=kind, target=target, seconds=chance.uniform(least, most))

    return make


def _link(kind: FaultKind, seconds: tuple[float, ...], amounts: tuple[float, ...]) -> Make:
    def make(chance: random.Random, at: float, amqp: bool) -> Fault:
        links = [store_link(service) for service in _TARGETS]
        target = chance.choice([*links, BROKER_LINK] if amqp else links)
        return Fault(at=at, kind=kind, target=target, seconds=chance.choice(seconds), amount=chance.choice(amounts))

    return make


def _server(kind: FaultKind, seconds: tuple[float, ...]) -> Make:
    def make(chance: random.Random, at: float, amqp: bool) -> Fault:
        fsync = chance.choice(("everysec", "always"))
        return Fault(at=at, kind=kind, target=STORE, seconds=chance.choice(seconds), fsync=fsync)

    return make


_MAKE: Mapping[FaultKind, Make] = {
    FaultKind.KILL: _service(FaultKind.KILL, 0, 2),
    FaultKind.STOP: _service(FaultKind.STOP, 0, 0),
    FaultKind.NAP: _service(FaultKind.NAP, 0.2, 1.0),
    FaultKind.SLEEP: _service(FaultKind.SLEEP, 1.3 * LEASE_SECONDS, 2 * LEASE_SECONDS),
    FaultKind.CUT: _link(FaultKind.CUT, (0,), (0,)),
    FaultKind.REFUSE: _link(FaultKind.REFUSE, (0.5, 0.7 * LEASE_SECONDS, 1.7 * LEASE_SECONDS), (0,)),
    FaultKind.SILENCE: _link(FaultKind.SILENCE, (0.5, 0.7 * LEASE_SECONDS, 1.7 * LEASE_SECONDS), (0,)),
    FaultKind.DELAY: _link(FaultKind.DELAY, (2.0, 4.0), (0.05, 0.3)),
    FaultKind.LOSE: _link(FaultKind.LOSE, (0,), (1, 3, 8)),
    FaultKind.CRASH: _server(FaultKind.CRASH, (0, 0.5, 1.5 * LEASE_SECONDS)),
    FaultKind.RESTART: _server(FaultKind.RESTART, (0, 0.5)),
    FaultKind.RESTORE: _server(FaultKind.RESTORE, (0, 0.5)),
}
