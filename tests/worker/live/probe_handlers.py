"""Handlers for tests, as a package beside the worker would bring them. Each writes what it does into a journal file.

A line of the journal is ``job attempt word``; ``context.journal`` names the file, ``context.gate`` a file to wait for.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from codeforge_worker.context import Assignment, BlockingContext, JobContext
from codeforge_worker.outcome import Fail, Retry
from codeforge_worker.registry import handler


def write(ctx: Assignment, word: str) -> None:
    """One line of the journal, in one write, so that lines of several processes don't mix."""
    journal = os.open(ctx.context["journal"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(journal, f"{ctx.job_id} {ctx.attempt} {word}\n".encode())
    os.close(journal)


def gate_is_open(ctx: Assignment) -> bool:
    return Path(ctx.context["gate"]).exists()


@handler("probe_echo")
async def echo(ctx: JobContext) -> Any:
    """Returns its context."""
    return dict(ctx.context)


@handler("probe_secret", secret_fields=["context.key"])
async def secret(ctx: JobContext) -> Any:
    """Tells its secret to everybody."""
    key = ctx.secrets["context.key"]
    ctx.log(f"the key is {key}")
    ctx.progress(50, f"using {key}")
    if ctx.context.get("fail"):
        raise RuntimeError(f"{key} was refused")
    return {"key": key}


@handler("probe_wait")
async def wait(ctx: JobContext) -> Any:
    """Waits for the gate; ends when it is cancelled."""
    write(ctx, "begin")
    try:
        while not gate_is_open(ctx):
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        write(ctx, "cancelled")
        raise
    write(ctx, "end")
    return {"attempt": ctx.attempt}


@handler("probe_stubborn")
async def stubborn(ctx: JobContext) -> Any:
    """Waits for the gate and ignores being cancelled."""
    write(ctx, "begin")
    while not gate_is_open(ctx):
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            write(ctx, "ignored")
    write(ctx, "end")


@handler("probe_hang")
async def hang(ctx: JobContext) -> Any:
    """Hangs the event loop, in a task of its own."""
    write(ctx, "begin")
    await asyncio.create_task(_hang())


async def _hang() -> None:
    time.sleep(300)


@handler("probe_flaky")
async def flaky(ctx: JobContext) -> Any:
    """Fails until the attempt that ``context.succeed_at`` names."""
    write(ctx, "begin")
    if ctx.attempt < ctx.context["succeed_at"]:
        raise RuntimeError(f"attempt {ctx.attempt} had bad luck")
    return {"attempt": ctx.attempt}


@handler("probe_words")
async def words(ctx: JobContext) -> Any:
    """Ends with one of the values that aren't results, returned or raised."""
    match ctx.context["word"], ctx.attempt:
        case "retry", 1:
            return Retry(after=0.2, reason="not now")
        case "retry", _:
            return "later"
        case "fail", _:
            raise Fail("no_such_thing", "There is no such thing.", result={"partial": True})
    raise AssertionError("no such word")


@handler("probe_big")
async def big(ctx: JobContext) -> Any:
    """Returns more than is kept."""
    return "x" * ctx.context["size"]


@handler("probe_slow", wall_time=0.5, attempts=1)
async def slow(ctx: JobContext) -> Any:
    """Takes longer than its type allows."""
    await asyncio.sleep(60)


@handler("probe_litter")
async def litter(ctx: JobContext) -> Any:
    """Leaves a task behind that goes on writing."""

    async def go_on() -> None:
        while True:
            write(ctx, "tick")
            await asyncio.sleep(0.01)

    left = asyncio.create_task(go_on())
    while not gate_is_open(ctx):
        await asyncio.sleep(0.01)
    write(ctx, "end")
    return left.done()


@handler("probe_exit")
async def leave(ctx: JobContext) -> Any:
    """Asks the process to exit."""
    sys.exit(3)


@handler("probe_block", blocking=True)
def block(ctx: BlockingContext) -> Any:
    """The blocking ``wait``: looks whether it is cancelled."""
    write(ctx, "begin")
    while not gate_is_open(ctx):
        if ctx.cancelled:
            write(ctx, "cancelled")
        ctx.progress(10)
        time.sleep(0.02)
    write(ctx, "end")
    return {"attempt": ctx.attempt}


@handler("probe_mule", blocking=True)
def mule(ctx: BlockingContext) -> Any:
    """Never looks up; ticks into the journal while it runs, and so does a program that it starts."""
    journal = ctx.context["journal"]
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(journal).with_suffix(f".{ctx.job_id}").write_text(f"{os.getpid()} {child.pid}")
    write(ctx, "begin")
    while not gate_is_open(ctx):
        write(ctx, "tick")
        time.sleep(0.05)
    write(ctx, "end")
    return {"attempt": ctx.attempt}


@handler("probe_killed", blocking=True)
def killed(ctx: BlockingContext) -> Any:
    """Dies as native code may."""
    os.kill(os.getpid(), 9)
