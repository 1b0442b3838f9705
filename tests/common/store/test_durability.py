"""``JOB_DURABILITY=fsync``: a submit is answered when the disk has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from codeforge_common.errors import NotDurable
from codeforge_common.job import new_job_id
from codeforge_common.store import Idempotency, Limits, Store, Submission
from tests.common.store.harness import AGENT
from tests.plugins.redis_server import RedisServer

NewRedis = Callable[..., RedisServer]


@asynccontextmanager
async def waiting_store(server: RedisServer, *, fsync_ms: int = 2_000, announces: bool = True) -> AsyncIterator[Store]:
    store = Store.connect(server.url, limits=Limits(rate_per_minute=0), fsync_ms=fsync_ms)
    if announces:
        await store.announce([AGENT])
    try:
        yield store
    finally:
        await store.close()


def submission() -> Submission:
    return Submission(
        job_id=new_job_id(),
        type=AGENT.name,
        type_digest=AGENT.digest,
        user_id="ann",
        session_id="s",
        user_message="m",
        idempotency=Idempotency(key="k", route="r", digest="d"),
    )


@pytest.mark.parametrize("policy", ["always", "everysec"])
async def test_what_was_answered_survives_a_crash_of_the_server(new_valkey: NewRedis, policy: str) -> None:
    server = new_valkey("--appendonly", "yes", "--appendfsync", policy)
    async with waiting_store(server) as store:
        accepted = await store.create(submission())
        server.kill()
        server.start()
        assert (await store.get(accepted.job_id, caller="ann")).id == accepted.job_id


async def test_a_disk_that_does_not_answer_is_told_with_the_jobs_id_also_to_a_repeat(new_valkey: NewRedis) -> None:
    server = new_valkey("--appendonly", "yes", "--appendfsync", "no")
    async with waiting_store(server, fsync_ms=50) as store:
        first = submission()
        with pytest.raises(NotDurable) as told:
            await store.create(first)
        assert told.value.job_id == first.job_id
    for repeat in (submission(), first):  # by its key, and by its id; on a connection that has written nothing yet
        async with waiting_store(server, fsync_ms=50, announces=False) as store:
            with pytest.raises(NotDurable) as again:
                await store.create(repeat)
            assert again.value.job_id == first.job_id


async def test_a_server_without_a_log_on_disk_is_known(new_valkey: NewRedis) -> None:
    for options, kept in ((("--appendonly", "yes"), True), ((), False)):
        store = Store.connect(new_valkey(*options).url)
        assert await store.can_wait_for_disk() is kept
        await store.close()
