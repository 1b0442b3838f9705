"""A server that takes everything and answers nothing: whoever asked hears of it in time, however many ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from codeforge_common.errors import StoreUnavailable
from codeforge_common.job import new_job_id
from codeforge_common.store import Store, Submission

TIMEOUT = 0.5


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """The address of something that listens."""
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: connections.append(writer), "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for writer in connections:
        writer.transport.abort()


async def test_calls_fail_together_and_not_one_after_the_other(silent_url: str) -> None:
    """More than there are connections, and more submits than leave at once."""
    store = Store.connect(silent_url, timeout=TIMEOUT, max_connections=2)

    def submission() -> Submission:
        return Submission(
            job_id=new_job_id(), type="t", type_digest="d", user_id="ann", session_id="s", user_message="m"
        )

    begun = time.monotonic()
    first = asyncio.create_task(store.create(submission()))
    await asyncio.sleep(TIMEOUT / 2)
    calls = [store.create(submission()) for _ in range(1000)] + [store.ping() for _ in range(20)]
    ends = await asyncio.gather(first, *calls, return_exceptions=True)
    assert {type(end) for end in ends} == {StoreUnavailable}
    assert time.monotonic() - begun < 10 * TIMEOUT
    await store.close()
