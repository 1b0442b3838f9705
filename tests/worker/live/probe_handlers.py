"""Handlers for tests, as a package beside the worker would bring them. Each writes what it does into a journal file.

A line of the journal is ``job attempt word``; ``context.journal`` names the file, ``context.gate`` a file to wait for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from codeforge_common.handler import BlockingContext, Fail, JobContext, Retry, handler
from codeforge_common.handler.context import Assignment


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


@handler("probe_hang_at_end")
async def hang_at_end(ctx: JobContext) -> Any:
    """Hangs the event loop when it is cancelled."""
    write(ctx, "begin")
    try:
        await asyncio.Event().wait()
    finally:
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


@handler("probe_steps")
async def steps(ctx: JobContext) -> Any:
    """Two steps and an effect, each with output, in a workspace; waits at ``context.stop_at`` for the gate."""
    write(ctx, f"in:{ctx.scratch}")
    async with ctx.workspace(_leave_nothing) as folder:
        first = await ctx.step("first", lambda: _work(ctx, "first", folder))
        ctx.output("and ")
        await _pass(ctx, "between")
        second = await ctx.step("second", lambda: _work(ctx, "second", folder))
        await _pass(ctx, "after")
        pull = await ctx.effect("pull", lambda key: _look(ctx), lambda key: _make(ctx, key))
    write(ctx, "end")
    return {"steps": [first, second], "pull": pull}


async def _leave_nothing(folder: Path) -> None:
    assert not list(folder.iterdir())


async def _pass(ctx: JobContext, place: str) -> None:
    if ctx.context.get("stop_at") == place:
        write(ctx, place)
        while not gate_is_open(ctx):
            await asyncio.sleep(0.02)


@handler("probe_block_steps", blocking=True)
def block_steps(ctx: BlockingContext) -> Any:
    """The same in a child."""
    write(ctx, f"in:{ctx.scratch}")
    with ctx.workspace(lambda folder: list(folder.iterdir())) as folder:
        first = ctx.step("first", lambda: _work(ctx, "first", folder))
        ctx.output("and ")
        _pass_blocking(ctx, "between")
        second = ctx.step("second", lambda: _work(ctx, "second", folder))
        pull = ctx.effect("pull", lambda key: _look(ctx), lambda key: _make(ctx, key))
    write(ctx, "end")
    return {"steps": [first, second], "pull": pull}


def _pass_blocking(ctx: BlockingContext, place: str) -> None:
    if ctx.context.get("stop_at") == place:
        write(ctx, place)
        while not gate_is_open(ctx):
            time.sleep(0.02)


def _work(ctx: JobContext | BlockingContext, name: str, folder: Path) -> Any:
    """A step: what it leaves in the workspace is gone with the attempt."""
    write(ctx, name)
    (folder / name).touch()
    ctx.output(f"{name} ")
    return (name, sorted(path.name for path in folder.iterdir()))


def _look(ctx: Assignment) -> Any:
    write(ctx, "look")
    made = Path(f"{ctx.context['journal']}.{ctx.job_id}")
    return {"key": made.read_text(), "found": True} if made.exists() else None


def _make(ctx: Assignment, key: str) -> Any:
    write(ctx, "make")
    Path(f"{ctx.context['journal']}.{ctx.job_id}").write_text(key)
    if ctx.context.get("stop_at") == "made":
        os.kill(os.getpid(), signal.SIGKILL)  # nobody hears of it
    return {"key": key, "found": False}


@handler("probe_batch", batch=4)
async def batch(jobs: Sequence[JobContext]) -> Any:
    """All wait for the gate; each job's ``context.answer`` says how it ends."""
    for ctx in jobs:
        write(ctx, f"with-{len(jobs)}")
    while not all(map(gate_is_open, jobs)):
        await asyncio.sleep(0.02)
    return [_answer(ctx) for ctx in jobs]


def _answer(ctx: JobContext) -> Any:
    match ctx.context.get("answer"), ctx.attempt:
        case "fail", _:
            return Fail("no_such_thing", "There is no such thing.")
        case "retry", 1:
            return Retry(after=0.1)
        case "raise", 1:
            return RuntimeError("bad luck")
    return {"attempt": ctx.attempt}


@handler("probe_gather", batch=3, wait=60)
async def gather(jobs: Sequence[JobContext]) -> Any:
    """Waits until three are there."""
    return [len(jobs) for _ in jobs]


@handler("probe_much")
async def much(ctx: JobContext) -> Any:
    """So many ``context.steps`` with results of ``context.size`` bytes, and ``context.output`` bytes of output."""
    ctx.output("x" * ctx.context["output"])
    for number in range(ctx.context["steps"]):
        await ctx.step(f"step-{number}", lambda: "x" * (ctx.context["size"] - 2))


@handler("probe_private")
async def private(ctx: JobContext) -> Any:
    """A step in plain, one that is private, another in plain; fails as long as the gate is closed."""
    results = []
    for name in ("plan", "edit", "push"):
        results.append(await ctx.step(name, partial(_said, ctx, name), private=name == "edit"))
        ctx.output(f"{name} ")
    return results if gate_is_open(ctx) else Retry(after=0.1)


def _said(ctx: JobContext, name: str) -> str:
    write(ctx, name)
    return f"what {name} said in attempt {ctx.attempt}"


@handler("probe_tell")
async def tell(ctx: JobContext) -> Any:
    """Tells ``context.lines`` lines, one after another, as part of its log, of its output and of its progress."""
    write(ctx, "begin")
    for number in range(ctx.context["lines"]):
        ctx.log(f"line {number}")
        ctx.output(f"{number} ")
        ctx.progress(number)
        await asyncio.sleep(0.05)
    write(ctx, "end")
    return {"attempt": ctx.attempt}


@handler("probe_block_tell", blocking=True)
def block_tell(ctx: BlockingContext) -> Any:
    """The same in a child, which says who it is; with ``PROBE_WAITS`` it waits for the gate before it returns."""
    write(ctx, "begin")
    for number in range(ctx.context["lines"]):
        ctx.log(f"line {number} of {os.getpid()}")
        ctx.output(f"{os.getpid()} ")
        ctx.progress(number)
        time.sleep(0.01)
    write(ctx, "told")
    while "PROBE_WAITS" in os.environ and not gate_is_open(ctx):
        time.sleep(0.02)
    write(ctx, "end")
    return {"by": os.getpid()}


@handler("probe_wait_too")
async def wait_too(ctx: JobContext) -> Any:
    """``probe_wait`` by another name, for workers that serve one of them."""
    return await wait(ctx)
