from __future__ import annotations

import asyncio

from codeforge_common.cancelling import cancel


async def test_a_swallowed_cancel_is_not_the_last() -> None:
    swallowed = 0

    async def swallows_two() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    task = asyncio.create_task(swallows_two())
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel([task]), 5)
    assert task.cancelled()
    assert swallowed == 3


async def test_what_has_ended_stays_as_it_ended() -> None:
    task = asyncio.create_task(asyncio.sleep(0, "result"))
    await task
    await cancel([task])
    assert task.result() == "result"
