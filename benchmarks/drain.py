"""How fast a backlog of no-op jobs is worked off, and for how much CPU a job: ``python -m benchmarks.drain``.

Ours has its default settings, an :class:`EventTail` in another process, and one of a hundred jobs read again within a
second of its end. Each round runs every contender once, on a fresh server; medians of the rounds are shown, and ratios
of them: a machine's pace changes from minute to minute, and all contenders see the same minutes.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.ours import Drained, drain_ours
from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.drain import drain_peer
from benchmarks.peers.install import NotHere
from benchmarks.servers import add_server_options, describe
from benchmarks.table import show

BULLMQ_SLOTS = (50, 100, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Who drains: ``workers`` processes with ``slots`` jobs at the same time each."""

    name: str
    slots: int
    workers: int = 1
    drain: Callable[[argparse.Namespace, Contender], Drained]

    @property
    def title(self) -> str:
        crew = "" if self.workers == 1 else f"{self.workers} × "
        return f"{self.name} {crew}{self.slots}"


def _ours(given: argparse.Namespace, contender: Contender) -> Drained:
    jobs = max(given.jobs * min(contender.slots, 20) // 20, 1000)
    return drain_ours(given, jobs=jobs, slots=contender.slots, workers=contender.workers)


def _peer(share: int) -> Callable[[argparse.Namespace, Contender], Drained]:
    def drain(given: argparse.Namespace, contender: Contender) -> Drained:
        jobs = max(given.jobs // share, 1000)
        return drain_peer(given, PEERS[contender.name], jobs=jobs, slots=contender.slots, workers=contender.workers)

    return drain


CONTENDERS = (
    *(Contender(name="ours", slots=slots, drain=_ours) for slots in (50, 20, 10, 2)),
    Contender(name="ours", slots=50, workers=2, drain=_ours),
    *(Contender(name="bullmq", slots=slots, drain=_peer(1)) for slots in BULLMQ_SLOTS),
    Contender(name="bullmq", slots=100, workers=2, drain=_peer(1)),
    Contender(name="dramatiq", slots=8, drain=_peer(5)),
    Contender(name="taskiq", slots=50, drain=_peer(5)),
    Contender(name="celery", slots=8, drain=_peer(20)),
)


def main() -> None:
    options = argparse.ArgumentParser()
    add_server_options(options)
    options.add_argument("--jobs", type=int, default=20_000, help="backlog of the fast ones; slow ones get less")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help="titles to run, separated by commas, e.g. 'ours 50,bullmq 100'")
    given = options.parse_args()
    wanted = [title.strip() for title in given.only.split(",") if title.strip()]
    contenders = [one for one in CONTENDERS if not wanted or one.title in wanted]
    print(describe(given))
    measured: dict[str, list[Drained]] = {}
    for number in range(given.rounds):
        for contender in contenders:
            try:
                drained = contender.drain(given, contender)
            except NotHere as why:
                if number == 0:
                    print(f"{contender.title} is left out: {why}")
                continue
            print(f"round {number + 1}: {contender.title}: {drained}", flush=True)
            measured.setdefault(contender.title, []).append(drained)
    report(measured)


def report(measured: dict[str, list[Drained]]) -> None:
    """Prints the medians of the rounds, and how they compare with BullMQ at its best."""

    def median(of: Sequence[Drained], what: Callable[[Drained], float]) -> float:
        return statistics.median(map(what, of))

    bull = [rounds for title, rounds in measured.items() if title.startswith("bullmq") and "×" not in title]
    best = max(bull, key=lambda rounds: median(rounds, lambda one: one.rate), default=None)
    rows: list[Sequence[object]] = []
    for title, rounds in measured.items():
        rate, cpu = median(rounds, lambda one: one.rate), median(rounds, lambda one: one.cpu_us)
        row = [title, rate, cpu, median(rounds, lambda one: one.server_us), median(rounds, lambda one: one.worker_us)]
        row.append(median(rounds, lambda one: one.calls))
        if best is not None:
            row += [rate / median(best, lambda one: one.rate), cpu / median(best, lambda one: one.cpu_us)]
        rows.append(row)
    compared = [] if best is None else ["× BullMQ", "CPU × BullMQ"]
    show(["drain", "jobs/s", "CPU µs a job", "server", "workers", "calls a job", *compared], rows)


if __name__ == "__main__":
    main()
