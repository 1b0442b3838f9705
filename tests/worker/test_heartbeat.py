from __future__ import annotations

import asyncio

from codeforge_worker.heartbeat import Heartbeat
from tests.plugins.waiting import wait_for


def test_silence_is_what_the_watcher_saw() -> None:
    heartbeat = Heartbeat()
    assert [heartbeat.silent(now) for now in (10, 10.5, 11)] == [0, 0.5, 1]


def test_the_watcher_s_own_absence_counts_a_second_at_most() -> None:
    heartbeat = Heartbeat()
    heartbeat.silent(0)
    assert heartbeat.silent(3600) == 1
    assert heartbeat.silent(3600.5) == 1.5


async def test_a_beat_ends_the_silence() -> None:
    heartbeat = Heartbeat()
    heartbeat.silent(0)
    assert heartbeat.silent(0.5) == 0.5
    beating = asyncio.create_task(heartbeat.beat())
    await wait_for(lambda: heartbeat.silent(1) == 0, within=2, what="a beat")
    beating.cancel()
