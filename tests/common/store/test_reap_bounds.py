"""No round of the reaper holds the server up, however much there is to do: each does a bounded part and says `more`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

import pytest

from codeforge_common.store import OutcomeKind
from tests.common.store.harness import AGENT, Harness, harness
from tests.plugins.redis_server import RedisServer

JOBS = 50_000
MOST = 100
"""Jobs of one round, and more than any round needs to do in a few milliseconds."""

# What a finished job is to a round: its record, its parts, its places in the indexes and the counter.
_FINISHED_JOBS = """
for i = 1, tonumber(ARGV[2]) do
    local id, user = string.format('job_%08d', i), 'u' .. i % 100
    local record = cmsgpack.pack({ id, 'completed', 3, i, ARGV[1], user, 's', 'title', 3, i })
    redis.call('SET', KEYS[1] .. ':job:' .. id, record)
    redis.call('SET', KEYS[1] .. ':job:' .. id .. ':body', '{}')
    redis.call('SET', KEYS[1] .. ':job:' .. id .. ':result', '{}')
    redis.call('RPUSH', KEYS[1] .. ':job:' .. id .. ':log', '"one"', '"two"')
    redis.call('ZADD', KEYS[1] .. ':jobs:' .. user, i, id)
    redis.call('RPUSH', KEYS[1] .. ':completed:' .. ARGV[1] .. ':' .. user, id)
    redis.call('ZADD', KEYS[1] .. ':finished:completed', i, id)
end
redis.call('HSET', KEYS[1] .. ':counts:' .. ARGV[1], 'completed', ARGV[2])
"""


async def longest_script(bench: Harness) -> float:
    """Milliseconds that the longest of the newest script calls held the server up; of those that took one or more."""
    calls = await bench.redis.slowlog_get(10_000)
    return max((call["duration"] / 1_000 for call in calls if call["command"].startswith(b"EVALSHA")), default=0.0)


@pytest.mark.timeout(300)
async def test_with_fifty_thousand_jobs_over_their_age_each_round_does_a_few(
    new_redis: Callable[..., RedisServer],
) -> None:
    async with harness(new_redis().url, "bounds") as bench:
        await cast(Any, bench.redis).eval(_FINISHED_JOBS, 1, "{bounds}", AGENT.name, JOBS)
        run = await bench.start()
        await bench.redis.config_set("slowlog-log-slower-than", 1_000)
        await bench.redis.config_set("slowlog-max-len", 10_000)
        rounds = [await bench.store.reap(again=True)]
        while rounds[-1].more:
            rounds.append(await bench.store.reap(again=True))
        longest = await longest_script(bench)
        assert sum(done.removed for done in rounds) == JOBS
        assert max(done.removed for done in rounds) <= MOST
        await bench.settle(run, OutcomeKind.COMPLETED)
        keys = {key.decode() async for key in bench.redis.scan_iter("{bounds}:job*", count=1_000)}
        assert {key.partition(":job:")[2].partition(":")[0] for key in keys if ":job:" in key} == {run.job_id}
    sys.stdout.write(f"{JOBS} jobs removed in {len(rounds)} rounds, the longest {longest:.1f} ms\n")


async def test_what_was_begun_last_is_not_kept_waiting_by_what_is_old(new_redis: Callable[..., RedisServer]) -> None:
    """Crashes and due jobs come before the records over their age, and a round says that it wasn't done."""
    async with harness(new_redis().url, "bounds") as bench:
        await cast(Any, bench.redis).eval(_FINISHED_JOBS, 1, "{bounds}", AGENT.name, 1_000)
        await bench.start()
        due = await bench.submit(delay_ms=10_000)
        for _ in range(9):
            bench.clock.tick(1_000)
            await bench.store.reap()
        bench.clock.tick(1_000)
        done = await bench.store.reap()
        assert (done.crashed, done.promoted, done.more) == ({AGENT.name: 1}, 1, True)
        assert (await bench.get(due)).status.value == "waiting"
