"""The job types of the chaos run. Each run writes into the journal while it works, so that two at once are seen.

A run marks whatever it tells the store with its own name (``stage``, log lines, result): so the checker sees whose
writes were taken.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from codeforge_common.handler import BlockingContext, Cancelled, Fail, JobContext, handler
from tests.chaos.journal import BEAT_SECONDS, Line, Word, append, now

STEPS = ("first", "second", "third")
JOURNAL, PROCESS = "CHAOS_JOURNAL", "CHAOS_PROCESS"
"""Environment variables: the file's path, and the name of the worker."""


class Run:
    """One run as it tells of itself."""

    def __init__(self, ctx: JobContext | BlockingContext) -> None:
        self._ctx = ctx
        self._beats = 0
        self.name = secrets.token_hex(4)
        self.seconds = float(ctx.context["seconds"])
        self.until = time.monotonic() + self.seconds

    def write(self, word: str) -> None:
        """A line of the journal."""
        ctx = self._ctx
        line = Line(ctx.job_id, self.name, os.environ[PROCESS], ctx.attempt, word, now())
        append(Path(os.environ[JOURNAL]), line)

    def beat(self) -> None:
        """A line of the journal, progress, and now and then a line of the job's log and output."""
        self.write(Word.BEAT)
        done = 1 - (self.until - time.monotonic()) / self.seconds
        self._ctx.progress(99 * done, self.name)
        if self._beats % 5 == 0:
            self._ctx.log(f"{self.name} {self._beats}")
            self._ctx.output(f"{self.name} {self._beats}\n")
        self._beats += 1


@contextmanager
def told(ctx: JobContext | BlockingContext) -> Iterator[Run]:
    """A run that writes down its beginning and its end."""
    run = Run(ctx)
    run.write(Word.BEGIN)
    try:
        yield run
    except (asyncio.CancelledError, Cancelled):
        run.write(Word.STOPPED)
        raise
    run.write(Word.END)


async def work(ctx: JobContext) -> dict[str, Any]:
    """Works for as long as the job asks."""
    with told(ctx) as run:
        while time.monotonic() < run.until:
            run.beat()
            await asyncio.sleep(BEAT_SECONDS)
    return {"run": run.name}


@handler("chaos_plain")
async def plain(ctx: JobContext) -> Any:
    """Succeeds."""
    return await work(ctx)


@handler("chaos_cancelled")
async def cancelled(ctx: JobContext) -> Any:
    """Succeeds, unless somebody cancels it before."""
    return await work(ctx)


@handler("chaos_flaky")
async def flaky(ctx: JobContext) -> Any:
    """Fails in every attempt before the one that ``context.succeed_at`` names."""
    result = await work(ctx)
    if ctx.attempt < ctx.context["succeed_at"]:
        raise RuntimeError(f"attempt {ctx.attempt} had bad luck")
    return result


@handler("chaos_refused")
async def refused(ctx: JobContext) -> Any:
    """Fails for good."""
    raise Fail("no_such_thing", "There is no such thing.", result=await work(ctx))


@handler("chaos_blocking", blocking=True)
def blocking(ctx: BlockingContext) -> Any:
    """Works in a child."""
    with told(ctx) as run:
        while time.monotonic() < run.until:
            run.beat()
            time.sleep(BEAT_SECONDS)
    return {"run": run.name}


@handler("chaos_steps")
async def steps(ctx: JobContext) -> Any:
    """Takes three steps in each attempt, and fails in those before ``context.succeed_at``."""
    with told(ctx) as run:
        for name in STEPS:
            await ctx.step(name, partial(_step, run, name))
            run.write(f"{Word.KEPT}:{name}")
    if ctx.attempt < ctx.context["succeed_at"]:
        raise RuntimeError(f"attempt {ctx.attempt} had bad luck")
    return {"run": run.name}


async def _step(run: Run, name: str) -> str:
    run.write(f"{Word.DOING}:{name}")
    until = time.monotonic() + run.seconds / len(STEPS)
    while time.monotonic() < until:
        run.beat()
        await asyncio.sleep(BEAT_SECONDS)
    return run.name


@handler("chaos_batch", batch=4, wait=0.2)
async def batch(contexts: Sequence[JobContext]) -> Any:
    """Succeeds, for up to four jobs at once."""
    with ExitStack() as stack:
        runs = [stack.enter_context(told(ctx)) for ctx in contexts]
        while time.monotonic() < max(run.until for run in runs):
            for run in runs:
                run.beat()
            await asyncio.sleep(BEAT_SECONDS)
    return [{"run": run.name} for run in runs]


def install(folder: Path) -> Path:
    """Makes ``folder``, on PYTHONPATH, look like an environment that has these handlers installed."""
    information = folder / "codeforge_chaos-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: codeforge-chaos\nVersion: 1\n")
    (information / "entry_points.txt").write_text(f"[codeforge.handlers]\nchaos = {__name__}\n")
    return folder
