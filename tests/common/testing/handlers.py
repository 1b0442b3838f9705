"""Handlers that try out one thing each: for the kit, and for a worker beside it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from codeforge_common.handler import BlockingContext, Fail, JobContext, Retry, handler

CONTEXT = {
    "type": "object",
    "properties": {"how": {"type": "string"}, "key": {"type": "string", "minLength": 4}},
    "required": ["how"],
}


@handler("probe", context_schema=CONTEXT, secret_fields=["context.key"], attempts=2, wall_time=60)
async def probe(ctx: JobContext) -> Any:
    """Ends as ``context.how`` says: as one of :data:`ENDS`."""
    ctx.progress(12.7, "Begun")
    ctx.log("one\ntwo")
    return await ENDS[ctx.context["how"]](ctx)


async def result(ctx: JobContext) -> Any:
    return {"tuple": (1, 2), "city": "Đà Nẵng"}


async def nothing(ctx: JobContext) -> Any:
    return None


async def telling(ctx: JobContext) -> Any:
    key = ctx.secrets["context.key"]
    ctx.progress(50, f"The key is {key}")
    ctx.progress(20)
    ctx.progress("half")  # type: ignore[arg-type]  # what a handler may do
    ctx.log(f"The key is {key}")
    ctx.log("x" * 5000)
    ctx.output(f"It is {key[:5]}")
    ctx.output(f"{key[5:]}, really\n")
    return {"said": ctx.user_message, key: ctx.context}


async def fail(ctx: JobContext) -> Any:
    raise Fail("not_there", f"No {ctx.secrets['context.key']}.", result=[1])


async def fail_returned(ctx: JobContext) -> Any:
    return Fail("not_there", "Nothing.")


async def retry_at_once(ctx: JobContext) -> Any:
    return Retry(0, "Now.") if ctx.attempt == 1 else f"attempt {ctx.attempt} of {ctx.attempts_max}"


async def error(ctx: JobContext) -> Any:
    raise ValueError(f"bad {ctx.secrets['context.key']}")


async def long_error(ctx: JobContext) -> Any:
    raise ValueError("bad " * 1000)


async def large(ctx: JobContext) -> Any:
    return "x" * 1024 * 1024


async def deep(ctx: JobContext) -> Any:
    nested: list[Any] = []
    for _ in range(101):
        nested = [nested]
    return nested


async def not_json(ctx: JobContext) -> Any:
    return {"when": float("nan")}


async def exits(ctx: JobContext) -> Any:
    sys.exit(3)


async def large_step(ctx: JobContext) -> Any:
    return await ctx.step("large", lambda: "x" * 256 * 1024)


async def large_steps(ctx: JobContext) -> Any:
    for number in range(20):
        await ctx.step(f"large-{number}", lambda: "x" * 250 * 1024)


async def same_step(ctx: JobContext) -> Any:
    await ctx.step("same", lambda: 1)
    await ctx.step("same", lambda: 2)


async def cancels_itself(ctx: JobContext) -> Any:
    raise asyncio.CancelledError


async def steps(ctx: JobContext) -> Any:
    first = await ctx.step("first", lambda: (1, ctx.secrets["context.key"]))
    made = await ctx.effect("made", lambda key: None, lambda key: key.partition(":")[2])
    ctx.output("half\n")
    if ctx.attempt == 1:
        raise ValueError("not yet")
    return [first, made]


ENDS: dict[str, Callable[[JobContext], Awaitable[Any]]] = {
    end.__name__: end
    for end in (
        *(result, nothing, telling, fail, fail_returned, retry_at_once, error, long_error, large, deep, not_json),
        *(exits, large_step, large_steps, same_step, cancels_itself, steps),
    )
}


@handler("probe_blocking", attempts=2, blocking=True)
def probe_blocking(ctx: BlockingContext) -> Any:
    """The same, called plainly by the kit, and in a process of its own by a worker."""
    ctx.progress(12.7, "Begun")
    ctx.log("one\ntwo")
    match ctx.context["how"]:
        case "fail":
            raise Fail("not_there", "Nothing.", result=[1])
        case "error":
            raise ValueError("bad luck")
        case "exits":
            sys.exit(3)
        case "large":
            return Fail("too_much", "It is a lot.", result="x" * 1024 * 1024)
    first = ctx.step("first", lambda: (1, 2))
    ctx.output("half\n")
    return [first, ctx.effect("made", lambda key: "found", str), ctx.cancelled]


@handler("probe_batch", batch=3, wait=30, attempts=1)
async def probe_batch(jobs: Sequence[JobContext]) -> Any:
    """Each job ends as its own ``context.how`` says."""
    for ctx in jobs:
        ctx.log(f"{ctx.context['how']} of {len(jobs)}")
    ends = {"result": {"of": len(jobs)}, "fail": Fail("no", "Never."), "error": ValueError("bad luck")}
    return [ends[ctx.context["how"]] for ctx in jobs]


@handler("probe_waiting")
async def probe_waiting(ctx: JobContext) -> Any:
    """Waits until it is cancelled, and ends then as ``context.how`` says."""
    await ctx.step("first", lambda: 1)
    ctx.progress(50, "Waiting")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        ctx.log("Tidied up")
        match ctx.context["how"]:
            case "result":
                return {"so": "far"}
            case "fail":
                return Fail("no", "Never.", result={"so": "far"})
            case "error":
                raise ValueError("bad luck") from None
        raise


@handler("letter")
async def letter(ctx: JobContext) -> Any:
    """Writes for an hour, and posts what it wrote in the folder ``context.box``, once."""

    async def write() -> str:
        ctx.output("Dear ")
        await asyncio.sleep(3600)
        ctx.output("reader")
        return f"written in attempt {ctx.attempt}"

    def post(key: str) -> str:
        with (Path(ctx.context["box"]) / key).open("x") as file:
            file.write(text)
        return key

    def look(key: str) -> str | None:
        return key if (Path(ctx.context["box"]) / key).exists() else None

    async with ctx.workspace(fill) as folder:
        ctx.progress(10, "Writing")
        text = await ctx.step("write", write)
        ctx.progress(90, "Posting")
        (folder / "draft").write_text(text)
        posted = await ctx.effect("post", look, post)
    ctx.output(".")
    return {"text": text, "posted": posted}


async def fill(folder: Path) -> None:
    """An attempt finds nothing that another left."""
    assert list(folder.parent.iterdir()) == [folder]


@handler("stubborn", wall_time=30)
async def stubborn(ctx: JobContext) -> str:
    """Ignores ``context.times`` cancels."""
    for _ in range(ctx.context["times"]):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    return "had enough"


@handler("slow_effect")
async def slow_effect(ctx: JobContext) -> Any:
    """Makes something for ``context.seconds``."""

    async def make(key: str) -> str:
        await asyncio.sleep(ctx.context["seconds"])
        ctx.log("Made")
        return key

    return await ctx.effect("made", lambda key: None, make)


@handler("editing", secret_fields=["context.key"])
async def editing(ctx: JobContext) -> Any:
    """Whether what the first run gets of a private step is what later ones do."""
    text = f"postgres://app:app@host {ctx.secrets['context.key']}"
    edited = await ctx.step("edit", lambda: text, private=True)
    await ctx.step("plan", lambda: text)
    return edited == "postgres://app:app@host [redacted]"
