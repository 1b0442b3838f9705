"""The contract, section 2: what the store's scripts log is what a socket gets, and it has the golden shape."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import get_type_hints

import pytest

from codeforge_common.events import JobUpdate, log_line
from codeforge_common.job import BUILT_IN_TYPES, new_job_id
from codeforge_common.store import Limits, Outcome, OutcomeKind, Report, Served, Store, Submission
from tests.contract.golden import golden
from tests.notifier.harness import Notifier, running, settings_for

AGENT = BUILT_IN_TYPES[0]
GOLDEN = golden("job-update")
TIMES = ("createdAt", "startedAt", "completedAt", "timestamp")
MIDNIGHT = 0


@pytest.fixture
async def store(redis_url: str, namespace: str) -> AsyncIterator[Store]:
    store = Store.connect(redis_url, namespace=namespace, limits=Limits(rate_per_minute=0))
    await store.announce([AGENT])
    yield store
    await store.close()


@pytest.fixture
async def notifier(redis_url: str, namespace: str) -> AsyncIterator[Notifier]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(running(settings_for(redis_url, namespace)))


async def submit(store: Store) -> str:
    """The golden job's submit; its id."""
    accepted = await store.create(
        Submission(
            job_id=new_job_id(),
            type=AGENT.name,
            type_digest=AGENT.digest,
            user_id=GOLDEN["userId"],
            session_id=GOLDEN["sessionId"],
            user_message=GOLDEN["title"],
        )
    )
    return accepted.job_id


async def run(store: Store) -> None:
    """Plays the golden job's worker."""
    turn = await store.claim(worker="w1", number=1, slots=1, serves=[Served(type=AGENT.name, lease_ms=10_000)])
    (taken,) = turn.runs
    lines = []
    for line in GOLDEN["logs"]:
        hours, minutes, seconds = map(int, line[1:9].split(":"))
        lines.append(log_line(line[11:], at=MIDNIGHT + 3600 * hours + 60 * minutes + seconds))
    report = Report(job_id=taken.job_id, token=taken.token, number=1, progress=100, stage=GOLDEN["stage"], lines=lines)
    await store.report(worker="w1", reports=[report])
    outcome = Outcome(
        job_id=taken.job_id, token=taken.token, kind=OutcomeKind.COMPLETED, result=json.dumps(GOLDEN["result"])
    )
    await store.settle(worker="w1", outcomes=[outcome])


def test_the_golden_update_is_what_the_types_say() -> None:
    assert list(GOLDEN) == list(get_type_hints(JobUpdate))


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_finished_job_looks_like_the_golden_update(store: Store, notifier: Notifier, transport: str) -> None:
    client = await notifier.connect(transport=transport)
    await client.ask("join:user", GOLDEN["userId"])

    job_id = await submit(store)
    await run(store)

    await client.has(1, 2, 3, 4)
    assert [update["status"] for update in client.updates] == ["waiting", "active", "active", "completed"]
    last = client.updates[-1]
    own = {"jobId": job_id, "seq": 4, "cursor": last["cursor"]} | {time: last[time] for time in TIMES}
    assert last == GOLDEN | own
    assert list(last) == list(GOLDEN), "the members' order, too"
    assert all(len(last[time]) == len(GOLDEN[time]) and last[time].endswith("Z") for time in TIMES)


async def test_a_list_and_a_join_from_its_cursor_leave_no_gap_and_no_double(store: Store, notifier: Notifier) -> None:
    await submit(store)
    page = await store.page(GOLDEN["userId"])
    late = await submit(store)

    client = await notifier.connect()
    answer = await client.ask("join:user", {"userId": GOLDEN["userId"], "since": page.cursor})

    assert "reset" not in answer
    assert [(update["jobId"], update["seq"]) for update in client.updates] == [(late, 1)]
