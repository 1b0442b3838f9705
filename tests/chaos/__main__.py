"""``python -m tests.chaos``: breaks everything at random under load, on both brokers, and checks each job afterwards.

The exit code is 0 when nothing was found. What breaks when follows from ``--seed``, ``--jobs``, ``--faults`` and
``--broker``; the same again is the same plan.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
import secrets
import shutil
import sys
import tempfile
import traceback
from dataclasses import asdict
from json import dumps
from pathlib import Path

from tests.chaos.check import check
from tests.chaos.performance import Performance, perform
from tests.chaos.plan import Plan, plan
from tests.chaos.report import report
from tests.plugins.rabbitmq_server import DEBIAN_SCRIPT

REDIS, AMQP = "redis", "amqp"
NO_RABBITMQ = "The run over RabbitMQ was skipped: no rabbitmq-server is installed (apt-get install rabbitmq-server)."


class StageFailed(Exception):
    """Raised when a run couldn't be carried out; it says nothing about the product."""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeats a plan; without it a new one is made up and printed")
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--broker", choices=(REDIS, AMQP), help="only this one")
    parser.add_argument("--keep", action="store_true", help="keeps logs and history also when all is well")
    parser.add_argument("--again", type=Path, metavar="FOLDER", help="checks a kept history once more")
    return parser


def say(*lines: str) -> None:
    """Prints."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def run(given: argparse.Namespace, *, broker: str, seed: int) -> bool:
    """One run over one broker. Whether all is well."""
    planned = plan(seed=seed, jobs=given.jobs, faults=given.faults, amqp=broker == AMQP)
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{broker}-"))
    say(f"Chaos: --seed {seed} --jobs {given.jobs} --faults {given.faults} --broker {broker} (in {folder})")
    say(*(f"  {fault}" for fault in planned.faults))
    try:
        performance = asyncio.run(perform(planned, folder=folder, amqp=broker == AMQP))
    except Exception as error:
        raise StageFailed(f"The stage broke down; what it left is in {folder}") from error
    keep(folder, planned, performance)
    well = judge(planned, performance)
    if well and not given.keep:
        shutil.rmtree(folder)
    else:
        say(f"  Kept in {folder}: the services' logs, the handlers' journal, the event log, the history.")
    return well


def run_on_a_sound_stage(given: argparse.Namespace, *, broker: str, seed: int) -> bool:
    """The same, once more where the stage itself failed: a server that didn't start in time is no finding."""
    try:
        return run(given, broker=broker, seed=seed)
    except StageFailed:
        say(traceback.format_exc(), "Once more, on another stage.")
        return run(given, broker=broker, seed=seed)


def judge(planned: Plan, performance: Performance) -> bool:
    """Checks and reports. Whether all is well."""
    finding = check(performance.history)
    say(*report(planned, performance, finding))
    say("  Nothing was lost, and nothing ran twice." if not finding.violations else "  FAILED")
    return not finding.violations


def keep(folder: Path, planned: Plan, performance: Performance) -> None:
    """Writes down what ``--again`` reads, and the events for a person."""
    (folder / "history").write_bytes(pickle.dumps((planned, performance)))
    history = performance.history
    with (folder / "events.jsonl").open("w") as file:
        for change in history.changes:
            file.write(dumps(asdict(change)) + "\n")
        for number, restore in enumerate(history.restores):
            for change in restore.lost:
                file.write(dumps({"lost_with_restore": number, **asdict(change)}) + "\n")


def main() -> int:
    """The exit code."""
    given = options().parse_args()
    if given.again:
        return 0 if judge(*pickle.loads((given.again / "history").read_bytes())) else 1
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    well = True
    for broker in (REDIS, AMQP) if given.broker is None else (given.broker,):
        if broker == AMQP and not DEBIAN_SCRIPT.exists():
            say(NO_RABBITMQ)
            continue
        well = run_on_a_sound_stage(given, broker=broker, seed=seed) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
