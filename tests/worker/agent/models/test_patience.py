from __future__ import annotations

import pytest

from codeforge_common.handler import Retry
from codeforge_worker.agent.models.failure import Passing
from codeforge_worker.agent.models.patience import LONGEST_RETRY_SECONDS, LONGEST_WAIT_SECONDS, Patience
from codeforge_worker.agent.models.pauses import Pauses


class Time:
    """Passes when somebody sleeps, and at no other time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Provider:
    """Fails as told, then answers."""

    def __init__(self, *failures: Passing) -> None:
        self.failures = list(failures)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def pauses(time: Time) -> Pauses:
    return Pauses(time.clock)


def patience(time: Time, pauses: Pauses, *, attempts: int = 4, address: str = "a", jitter: float = 0) -> Patience:
    return Patience(address=address, attempts=attempts, pauses=pauses, sleep=time.sleep, jitter=lambda: jitter)


def always() -> bool:
    return True


def broken(after: float | None = None) -> Passing:
    return Passing("the connection broke.", after=after)


def busy(after: float | None = None) -> Passing:
    return Passing("it limits how often it is called.", after=after, shared=True)


async def test_an_answer_needs_no_patience(time: Time, pauses: Pauses) -> None:
    provider = Provider()
    assert await patience(time, pauses)(provider, repeatable=always) == "answer"
    assert (provider.calls, time.slept) == (1, [])


@pytest.mark.parametrize(("jitter", "slept"), [(0, [0.5, 1, 2]), (1, [1.1, 2.2, 4.4])])
async def test_it_backs_off_twice_as_long_each_time(
    time: Time, pauses: Pauses, jitter: float, slept: list[float]
) -> None:
    provider = Provider(broken(), broken(), broken())
    assert await patience(time, pauses, jitter=jitter)(provider, repeatable=always) == "answer"
    assert time.slept == pytest.approx(slept)


@pytest.mark.parametrize("failure", [broken(after=7), busy(after=7)])
async def test_it_waits_as_long_as_the_provider_asks(time: Time, pauses: Pauses, failure: Passing) -> None:
    assert await patience(time, pauses)(Provider(failure), repeatable=always) == "answer"
    assert time.slept == pytest.approx([7])


async def test_attempts_that_are_used_up_leave_it_to_the_next_attempt_of_the_job(time: Time, pauses: Pauses) -> None:
    provider = Provider(broken(), broken(), broken())
    with pytest.raises(Retry, match=r"^model_unavailable: .*the connection broke") as caught:
        await patience(time, pauses, attempts=2)(provider, repeatable=always)
    assert (provider.calls, caught.value.after) == (2, None)


@pytest.mark.parametrize("failure", [broken(after=LONGEST_WAIT_SECONDS + 1), busy(after=LONGEST_WAIT_SECONDS + 1)])
async def test_a_long_wait_gives_the_slot_back(time: Time, pauses: Pauses, failure: Passing) -> None:
    with pytest.raises(Retry) as caught:
        await patience(time, pauses)(Provider(failure), repeatable=always)
    assert caught.value.after == pytest.approx(LONGEST_WAIT_SECONDS + 1)
    assert time.slept == []


async def test_many_short_waits_together_are_a_long_one(time: Time, pauses: Pauses) -> None:
    provider = Provider(broken(after=40), broken(after=40))
    with pytest.raises(Retry) as caught:
        await patience(time, pauses)(provider, repeatable=always)
    assert (provider.calls, caught.value.after) == (2, 40)


async def test_a_wait_of_years_is_taken_for_a_mistake(time: Time, pauses: Pauses) -> None:
    with pytest.raises(Retry) as caught:
        await patience(time, pauses)(Provider(broken(after=1e12)), repeatable=always)
    assert caught.value.after == LONGEST_RETRY_SECONDS


@pytest.mark.parametrize("seconds", [99_999_999_999.0, 1.3e9])
async def test_a_pause_of_years_holds_nobody_for_longer_than_a_job(time: Time, pauses: Pauses, seconds: float) -> None:
    with pytest.raises(Retry):
        await patience(time, pauses)(Provider(busy(after=seconds)), repeatable=always)
    assert pauses.remaining("a") == LONGEST_RETRY_SECONDS
    time.now += LONGEST_RETRY_SECONDS
    provider = Provider()
    assert await patience(time, pauses)(provider, repeatable=always) == "answer"
    assert (provider.calls, time.slept) == (1, [])


async def test_what_can_not_be_repeated_is_left_to_the_next_attempt_of_the_job(time: Time, pauses: Pauses) -> None:
    provider = Provider(broken(after=3))
    with pytest.raises(Retry) as caught:
        await patience(time, pauses)(provider, repeatable=lambda: False)
    assert (provider.calls, caught.value.after, time.slept) == (1, 3, [])


async def test_all_jobs_keep_to_the_pause_of_one_providers_address(time: Time, pauses: Pauses) -> None:
    with pytest.raises(Retry):
        await patience(time, pauses, attempts=1)(Provider(busy(after=20)), repeatable=always)
    elsewhere = Provider()
    await patience(time, pauses, address="b")(elsewhere, repeatable=always)
    assert time.slept == []
    time.now += 5
    another = Provider()
    assert await patience(time, pauses)(another, repeatable=always) == "answer"
    assert another.calls == 1
    assert time.slept == pytest.approx([15])


async def test_during_a_long_pause_nobody_calls(time: Time, pauses: Pauses) -> None:
    pauses.ask("a", seconds=100)
    provider = Provider()
    with pytest.raises(Retry) as caught:
        await patience(time, pauses)(provider, repeatable=always)
    assert (provider.calls, caught.value.after) == (0, 100)


async def test_a_pause_is_never_shortened(time: Time, pauses: Pauses) -> None:
    pauses.ask("a", seconds=30)
    pauses.ask("a", seconds=1)
    assert pauses.remaining("a") == 30
    time.now += 30
    assert pauses.remaining("a") == 0


async def test_other_errors_pass_through(time: Time, pauses: Pauses) -> None:
    async def fails() -> str:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await patience(time, pauses)(fails, repeatable=always)
