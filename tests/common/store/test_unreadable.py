"""What somebody has damaged in the store: it costs that job, and nobody who comes across it."""

from __future__ import annotations

import msgpack
import pytest
from structlog.testing import capture_logs

from codeforge_common.errors import JobNotFound
from codeforge_common.job import Status
from codeforge_common.store import OutcomeKind, Verdict
from tests.common.store.harness import Harness

GARBAGE = (b"garbage", b"\xff\xfe\x00", b"", b"\x90", b"\x93\xa1x\xa1y\xa1z", b"\xc1")
"""Text, no text, nothing, an empty array, an array that is no record of the job, and a byte that MessagePack hasn't."""


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_a_claim_passes_over_a_record_that_cannot_be_read_and_says_so(bench: Harness, garbage: bytes) -> None:
    damaged, sound = await bench.submit(), await bench.submit()
    await bench.redis.set(bench.key("job", damaged), garbage)
    turn = await bench.claim(slots=2)
    assert ([run.job_id for run in turn.runs], turn.lost) == ([sound], [damaged])
    assert (await bench.claim(slots=2)).lost == []
    with pytest.raises(JobNotFound):
        await bench.get(damaged)
    assert [job.id for job in (await bench.store.page("ann")).jobs] == [sound]
    assert (await bench.store.sweep()).orphans == 1
    assert not await bench.redis.exists(bench.key("job", damaged))


async def test_a_run_whose_record_is_damaged_meanwhile_has_lost_its_job_and_the_reaper_goes_on(bench: Harness) -> None:
    run = await bench.start()
    await bench.redis.set(bench.key("job", run.job_id), b"garbage")
    assert await bench.report(run, 1, lines=["a"]) is Verdict.GONE
    assert (await bench.renew(runs=[run])).verdicts == [Verdict.GONE]
    assert (await bench.settle(run, OutcomeKind.COMPLETED)).verdict is Verdict.GONE
    other = await bench.submit()
    await bench.let_pass(11)
    assert (await bench.get(other)).status is Status.WAITING


@pytest.mark.parametrize("garbage", [b"garbage", b"\xff", b"", b"[1]", b"[" * 100_000])
async def test_a_body_that_cannot_be_read_leaves_the_run_without_data(bench: Harness, garbage: bytes) -> None:
    damaged, sound = await bench.submit(), await bench.submit()
    await bench.redis.set(bench.key("job", damaged, "body"), garbage)
    first, second = (await bench.claim(slots=2)).runs
    assert (first.job_id, first.data) == (damaged, {})
    assert second.job_id == sound
    assert second.data["userMessage"] == "Translate my readme"


async def test_people_see_what_can_still_be_read(bench: Harness) -> None:
    run = await bench.start()
    await bench.report(run, 1, lines=["a line"])
    await bench.settle(run, OutcomeKind.FAILED, result='{"a":1}', reason="boom")
    for part in ("body", "result", "error"):
        await bench.redis.set(bench.key("job", run.job_id, part), b"{garbage\xff")
    await bench.redis.rpush(bench.key("job", run.job_id, "log"), b"garbage")
    with capture_logs() as lines:
        job = await bench.get(run.job_id)
    assert (job.status, job.title, job.logs) == (Status.FAILED, "Translate my readme", ["a line", ""])
    assert job.data == {
        "userId": "ann",
        "sessionId": "s-1",
        "userMessage": "Translate my readme",
        "agentType": None,
        "context": {},
    }
    assert (job.result, job.failed_reason) == (None, None)
    assert sorted(line["part"] for line in lines) == ["data", "error", "log", "result"]
    assert "garbage" not in str(lines)
    assert [job.id for job in (await bench.store.page("ann")).jobs] == [run.job_id]


async def test_a_record_of_a_newer_version_is_read_as_far_as_it_is_known(bench: Harness) -> None:
    job_id = await bench.submit()
    key = bench.key("job", job_id)
    fields = msgpack.unpackb(await bench.redis.get(key))
    fields += [False] * (60 - len(fields))
    await bench.redis.set(key, msgpack.packb([*fields, "new"]))
    assert (await bench.get(job_id)).status is Status.WAITING
    assert [run.job_id for run in (await bench.claim()).runs] == [job_id]
