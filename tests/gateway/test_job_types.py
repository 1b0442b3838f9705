from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from codeforge_common.errors import StoreUnavailable, UnknownJobType
from codeforge_common.job import BUILT_IN_TYPES, JobType
from codeforge_gateway.job_types import JobTypes, KnownType
from tests.gateway.harness import WITHIN, Gateway


class Announced:
    """A store that knows job types, and counts how often it is asked."""

    def __init__(self, *types: JobType) -> None:
        self.types_kept = {type.name: type for type in types}
        self.asked = 0
        self.away = False

    async def types(self) -> dict[str, JobType]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailable
        return self.types_kept


@pytest.fixture
def store() -> Announced:
    return Announced(JobType(name="one"))


@pytest.fixture
def types(store: Announced, gateway: Gateway) -> JobTypes:
    return JobTypes(store=store, metrics=gateway.parts.metrics)  # type: ignore[arg-type]


async def test_the_built_in_types_are_known_before_the_store_answered(types: JobTypes, store: Announced) -> None:
    store.away = True
    for type in BUILT_IN_TYPES:
        assert (await types.find(type.name)).type == type
    assert store.asked == 0


async def test_a_miss_asks_the_store_once_for_all_who_wait(types: JobTypes, store: Announced) -> None:
    await asyncio.gather(*(types.find("one") for _ in range(10)))
    assert store.asked == 1
    await types.find("one")
    assert store.asked == 1


async def test_an_unknown_type_stays_unknown_and_ten_that_are_known_are_named(
    types: JobTypes, store: Announced
) -> None:
    with pytest.raises(UnknownJobType, match="No worker has announced") as unknown:
        await types.find("two")
    assert unknown.value.types == ("one",)

    store.types_kept = {name: JobType(name=name) for name in reversed("abcdefghijkl")}
    with pytest.raises(UnknownJobType) as unknown:
        await types.find("two")
    assert unknown.value.types == tuple("abcdefghij")


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(types: JobTypes) -> None:
    first = asyncio.create_task(types.find("one"))
    second = asyncio.create_task(types.find("one"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).type.name == "one"


async def test_an_unchanged_type_isnt_compiled_again(types: JobTypes, store: Announced) -> None:
    before = await types.find("one")
    await types.refresh()
    assert await types.find("one") is before
    store.types_kept["one"] = JobType(name="one", secret_fields=("context.key",))
    await types.refresh()
    assert (await types.find("one")).digest != before.digest


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (JobType(name="broken", context_schema={"type": "objekt"}), "context schema is no valid JSON schema"),
        (JobType(name="broken", secret_fields=("context.password", "key")), "secret fields is no path that begins"),
    ],
)
async def test_a_type_that_cant_be_used_is_left_out_with_a_reason_and_harms_no_other(
    types: JobTypes, store: Announced, broken: JobType, why: str
) -> None:
    store.types_kept["broken"] = broken
    with capture_logs() as lines:
        await types.refresh()
        await types.refresh()
    (told,) = [line for line in lines if line["event"] == "job type left out"]  # once, however often it is read
    assert (told["log_level"], told["type"]) == ("error", "broken")
    assert why in told["reason"]
    assert types.get("one") is not None
    with pytest.raises(UnknownJobType, match=f"it can't be used. .*{why}"):
        await types.find("broken")


async def test_a_type_that_is_forgotten_is_unknown_again(types: JobTypes, store: Announced) -> None:
    await types.find("one")
    store.types_kept.clear()
    await types.refresh()
    assert types.get("one") is None


async def test_a_new_type_shows_in_the_metrics_with_zeros(gateway: Gateway) -> None:
    await gateway.store.announce([JobType(name="translate")])
    await gateway.parts.types.refresh()
    metrics = (await gateway.client.get("/metrics")).text
    assert 'codeforge_jobs_submitted_total{type="translate"} 0.0' in metrics


async def test_types_are_kept_up_with(gateway: Gateway) -> None:
    types = JobTypes(store=gateway.store, metrics=gateway.parts.metrics, refresh_seconds=0.01)
    running = asyncio.create_task(types.run())
    await gateway.store.announce([JobType(name="translate")])
    async with asyncio.timeout(WITHIN):
        while types.get("translate") is None:
            await asyncio.sleep(0.01)
    running.cancel()


def test_a_context_is_checked_by_the_types_schema() -> None:
    known = KnownType(JobType(name="x", context_schema={"required": ["a"]}))
    assert known.faults({"a": 1}) == []
    assert [fault.path for fault in known.faults({})] == ["context.a"]
