"""The text that runs write for the person: appended once, cut at whole characters, read in parts."""

from __future__ import annotations

import pytest

from codeforge_common.errors import JobNotFound
from codeforge_common.store import Limits, OutcomeKind, Report
from tests.common.store.harness import Harness, harness


async def text_of(bench: Harness, job_id: str, *, offset: int = 0) -> str:
    return (await bench.store.output(job_id, caller="ann", offset=offset)).text


async def test_output_is_appended_in_order_and_is_no_update(bench: Harness) -> None:
    run = await bench.start()
    before = (await bench.get(run.job_id)).seq
    for number, text in enumerate(("Héllo, ", "", "wörld 🔧"), start=1):
        await bench.report(run, number, output=text)
    assert await text_of(bench, run.job_id) == "Héllo, wörld 🔧"
    assert (await bench.get(run.job_id)).seq == before


async def test_one_producer_number_appends_once_whichever_call_brings_it(bench: Harness) -> None:
    run = await bench.start()
    one = Report(job_id=run.job_id, token=run.token, number=1, output="one ")
    two = Report(job_id=run.job_id, token=run.token, number=2, output="two")
    await bench.store.report(worker="w1", reports=[one, one])
    await bench.settle(run, OutcomeKind.COMPLETED, reports=[one, two])
    await bench.settle(run, OutcomeKind.COMPLETED, reports=[one, two])
    await bench.store.report(worker="w1", reports=[two])
    assert await text_of(bench, run.job_id) == "one two"


async def test_numbers_begin_anew_with_each_run(bench: Harness) -> None:
    run = await bench.start()
    await bench.report(run, 7, output="first")
    await bench.step(run, "plan")
    await bench.settle(run, OutcomeKind.HANDED_BACK)
    (later,) = (await bench.claim()).runs
    await bench.report(later, 1, output=", second")
    assert await text_of(bench, run.job_id) == "first, second"


async def test_a_part_says_where_the_next_one_begins_and_whether_one_follows(bench: Harness) -> None:
    run = await bench.start()
    await bench.report(run, 1, output="añb")
    part = await bench.store.output(run.job_id, caller="ann", offset=1)
    assert (part.text, part.offset, part.end, part.complete) == ("ñb", 1, 4, False)
    rest = await bench.store.output(run.job_id, caller="ann", offset=part.end)
    assert (rest.text, rest.offset, rest.end, rest.complete) == ("", 4, 4, False)
    await bench.settle(run, OutcomeKind.COMPLETED)
    rest = await bench.store.output(run.job_id, caller="ann", offset=part.end)
    assert (rest.text, rest.complete) == ("", True)
    beyond = await bench.store.output(run.job_id, caller="ann", offset=1_000)
    assert (beyond.text, beyond.offset, beyond.end, beyond.complete) == ("", 4, 4, True)


async def test_a_job_that_wrote_nothing_has_none(bench: Harness) -> None:
    job_id = await bench.submit()
    part = await bench.store.output(job_id, caller="ann")
    assert (part.text, part.end, part.complete) == ("", 0, False)
    await bench.store.cancel(job_id, caller="ann")
    assert (await bench.store.output(job_id, caller="ann")).complete


@pytest.mark.parametrize("offset", range(9))
async def test_a_part_never_begins_within_a_character(bench: Harness, offset: int) -> None:
    run = await bench.start()
    await bench.report(run, 1, output="aế🔧")  # 1, 3 and 4 bytes
    part = await bench.store.output(run.job_id, caller="ann", offset=offset)
    begin = next(start for start in (0, 1, 4, 8) if start >= offset)
    assert (part.offset, part.text) == (begin, "aế🔧".encode()[begin:].decode())


@pytest.mark.parametrize("limit", range(4, 14))
async def test_at_the_limit_only_whole_characters_are_kept(redis_url: str, namespace: str, limit: int) -> None:
    text = "ab\u00e9\u1ebf🔧c"
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, output_max_bytes=limit)) as bench:
        run = await bench.start()
        await bench.report(run, 1, output=text)
        assert await text_of(bench, run.job_id) == text.encode()[:limit].decode(errors="ignore")


async def test_a_full_output_takes_no_more_and_the_rest_of_the_report_all_the_same(
    redis_url: str, namespace: str
) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, output_max_bytes=4)) as bench:
        run = await bench.start()
        await bench.report(run, 1, output="abcd")
        await bench.report(run, 2, output="e", lines=["a line"], progress=10)
        assert await text_of(bench, run.job_id) == "abcd"
        job = await bench.get(run.job_id)
        assert (job.logs, job.progress) == (["a line"], 10)


async def test_nothing_follows_what_was_cut_until_the_next_run_writes_it_again(redis_url: str, namespace: str) -> None:
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, output_max_bytes=4)) as bench:
        run = await bench.start()
        for number, text in enumerate(("a", "🔧", "b"), start=1):
            await bench.report(run, number, output=text)
        assert await text_of(bench, run.job_id) == "a"
        await bench.settle(run, OutcomeKind.HANDED_BACK)
        (later,) = (await bench.claim()).runs
        await bench.report(later, 1, output="🔧")
        assert await text_of(bench, run.job_id) == "🔧"


async def test_parts_of_a_mebibyte_meet_at_whole_characters(redis_url: str, namespace: str) -> None:
    text = "ế🔧" * 350_000  # 2.45 MB; neither 3 nor 7 divides a mebibyte
    async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, output_max_bytes=4_000_000)) as bench:
        run = await bench.start()
        await bench.report(run, 1, output=text)
        parts: list[str] = []
        offset = 0
        while part := (await bench.store.output(run.job_id, caller="ann", offset=offset)).text:
            assert 1_048_576 - 3 <= len(part.encode()) <= 1_048_576 or len(parts) == 2
            parts.append(part)
            offset += len(part.encode())
        assert "".join(parts) == text
        assert len(parts) == 3


async def test_another_users_output_is_not_found(bench: Harness) -> None:
    run = await bench.start()
    await bench.report(run, 1, output="mine")
    with pytest.raises(JobNotFound):
        await bench.store.output(run.job_id, caller="bob")
    assert (await bench.store.output(run.job_id, caller=None)).text == "mine"


async def test_output_goes_with_the_record(bench: Harness) -> None:
    run = await bench.start()
    await bench.report(run, 1, output="mine")
    await bench.step(run, "plan")
    await bench.settle(run, OutcomeKind.FAILED, reason="boom")
    bench.clock.tick(7 * 86_400_000)
    await bench.reap_until_done()
    assert not [key async for key in bench.redis.scan_iter(bench.key("job", run.job_id) + "*")]
