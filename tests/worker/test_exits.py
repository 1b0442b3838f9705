from __future__ import annotations

import asyncio
import gc
import sys

import pytest

from codeforge_common.handler.outcome import HandlerExited
from codeforge_worker.exits import Contained


async def exits() -> None:
    sys.exit(3)


async def exits_when_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise KeyboardInterrupt


async def answers() -> int:
    await asyncio.sleep(0)
    return 42


async def test_what_it_returns_is_the_task_s() -> None:
    assert await asyncio.Task(Contained(answers())) == 42


async def test_an_exit_is_an_error_of_the_task() -> None:
    with pytest.raises(HandlerExited, match="asked the process to exit"):
        await asyncio.Task(Contained(exits()))


async def test_so_is_one_that_a_cancel_leads_to() -> None:
    task = asyncio.Task(Contained(exits_when_cancelled()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(HandlerExited):
        await task


async def test_one_that_never_began_is_cancelled_without_a_warning() -> None:
    task = asyncio.Task(Contained(answers()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    gc.collect()


async def test_a_task_shows_what_it_runs() -> None:
    task = asyncio.Task(Contained(answers()))
    assert "answers() running at" in repr(task)
    (frame,) = task.get_stack()
    assert frame.f_code.co_name == "answers"
    await task
