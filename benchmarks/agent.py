"""What the platform costs an agent: time beside the same work without it, memory of an idle worker, memory of clones.

``python -m benchmarks.agent``
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

from benchmarks.servers import add_server_options, private_server
from benchmarks.stage import house_over
from codeforge_common.handler import JobContext
from codeforge_worker.agent.handlers import agent_task
from tests.e2e.landing import (
    QUESTIONS,
    SENTENCE,
    TOKEN,
    VIETNAMESE,
    Outside,
    ended,
    outside,
    said_in_the_chat,
    say,
    turn,
)
from tests.plugins.house import House
from tests.plugins.program import Program
from tests.worker.agent.git_repository import GitRepository

ANSWER_SECONDS = 1.0
PIECES = 7
"""Of an answer's stream, with a pause after each."""
MIB = 1024 * 1024
CLONES = 8
CLONE_BYTES = 50 * MIB

SLOW = {"text": ["Thinking", ". "], "pause": ANSWER_SECONDS / PIECES}
READ = [{"name": "read", "arguments": {"path": "README.md"}}]
WRITE = [{"name": "write", "arguments": {"path": "README.md", "content": VIETNAMESE}}]
SCRIPT = {
    "rules": [
        *(turn(number, **SLOW, calls=READ) for number in range(6)),
        turn(6, **SLOW, calls=WRITE),
        turn(7, text=["Done", "."], pause=ANSWER_SECONDS / PIECES),
        *({**each, "answer": {**each["answer"], **SLOW}} for each in QUESTIONS),
    ]
}
CALLS = 10


class Unheard:
    """Takes what a handler tells and keeps nothing."""

    def progress(self, percent: float, stage: str | None) -> None:
        """Nobody looks."""

    def log(self, text: str) -> None:
        """Nobody reads."""

    def output(self, text: str) -> None:
        """Nobody reads."""


def context(scratch: Path, *, number: int) -> JobContext:
    """The seed example without a platform."""
    return JobContext(
        job_id=f"job_0direct{number}",
        type="agent_task",
        user_id="ada",
        session_id="s-1",
        user_message=SENTENCE,
        agent_type=None,
        context={"githubContext": {"username": "zaikaman", "email": "zai@example.org"}},
        secrets={"context.githubContext.token": TOKEN},
        attempt=1,
        attempts_max=3,
        created_at=datetime.now(UTC),
        sink=Unheard(),
        scratch=scratch,
    )


@contextmanager
def at_home(given: argparse.Namespace, world: Outside, **environment: str) -> Iterator[House]:
    """Gateway and worker over a private server."""
    with private_server(given) as server, house_over(server, **{**world.environment, **environment}) as house:
        house.start("gateway")
        house.start("worker")
        yield house


async def time_beside_itself(given: argparse.Namespace, world: Outside) -> None:
    """The same handler, called as a function and sent as a job, in turn."""
    os.environ.update(world.environment)
    direct, sent = [], []
    with at_home(given, world) as house, tempfile.TemporaryDirectory() as folder:
        await _send(house)  # so that the model's library is loaded on both sides
        await agent_task(context(Path(folder), number=0))
        for number in range(1, given.rounds + 1):
            began = time.perf_counter()
            await agent_task(context(Path(folder), number=number))
            direct.append(time.perf_counter() - began)
            sent.append(await _send(house))
    _tell(f"a run with {CALLS} calls of a model that answers in about {ANSWER_SECONDS:g} s, medians of {given.rounds}:")
    _tell(f"  called as a function  {median(direct):6.2f} s")
    added = median(sent) / median(direct) - 1
    _tell(f"  sent as a job         {median(sent):6.2f} s: {added:+.1%} (aim: at most 2 %)")


async def _send(house: House) -> float:
    """Seconds from before the submit to the job's end."""
    began = time.time()
    job = await ended(house, await say(house, said_in_the_chat()))
    assert job["status"] == "completed", job["failedReason"]
    return datetime.fromisoformat(job["completedAt"]).timestamp() - began


async def memory_when_idle(given: argparse.Namespace, world: Outside) -> None:
    """A worker that has run an agent and has nothing to do, by provider."""
    for provider in ("openai", "anthropic"):
        with at_home(given, world, AGENT_MODEL=f"{provider}:{world.model.model}") as house:
            job = await ended(house, await say(house, said_in_the_chat()))
            assert job["status"] == "completed", job["failedReason"]
            held = _resident(house.programs["worker"]) / 1e6
            _tell(f"an idle worker that has used {provider:9} {held:5.0f} MB (aim: at most 130)")


async def memory_of_clones(given: argparse.Namespace, world: Outside) -> None:
    """Eight clones of a large repository at the same time: the worker, its children and nothing else."""
    with at_home(given, world, WORKER_CONCURRENCY=str(CLONES), AGENT_MODEL="") as house:
        worker = house.programs["worker"]
        most = 0
        jobs = [asyncio.create_task(_analysed(house, f"zaikaman/big-{number}")) for number in range(CLONES)]
        while not all(job.done() for job in jobs):
            most = max(most, _resident(worker))
            await asyncio.sleep(0.02)
        await asyncio.gather(*jobs)
        _tell(f"{CLONES} clones of {CLONE_BYTES // MIB} MiB at once: at most {most / 1e6:.0f} MB (aim: under 512)")


async def _analysed(house: House, name: str) -> None:
    job = await ended(house, await say(house, said_in_the_chat(f"Analyze {name}")))
    assert job["status"] == "completed", job["failedReason"]


def _tell(line: str) -> None:
    print(line, flush=True)


def _resident(program: Program) -> int:
    """Bytes of a process and what it started; shared pages count once each (PSS)."""
    process = psutil.Process(program.pid)
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def _add_large(world: Outside, folder: Path) -> None:
    large = GitRepository.at(folder / "large")
    large.commit({f"data/{number}.bin": os.urandom(MIB) for number in range(CLONE_BYTES // MIB)})
    for number in range(CLONES):
        world.github.state.add_repository(f"zaikaman/big-{number}", source=large.path)


async def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_server_options(parser)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, outside(Path(name), script=SCRIPT) as world:
        await time_beside_itself(given, world)
        await memory_when_idle(given, world)
        _add_large(world, Path(name))
        await memory_of_clones(given, world)


if __name__ == "__main__":
    asyncio.run(main())
