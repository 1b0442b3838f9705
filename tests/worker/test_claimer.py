from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import pytest

from codeforge_common.errors import StoreUnavailable
from codeforge_common.job import JobType
from codeforge_common.queue import Bell
from codeforge_common.store import Outcome, OutcomeKind, Run, Served
from codeforge_common.telemetry.metrics import ClaimCause, create_metrics
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker import clock
from codeforge_worker.accounts import Accounts
from codeforge_worker.availability import Availability
from codeforge_worker.call_weight import MOST
from codeforge_worker.claimer import Claimer
from codeforge_worker.lease import Leases
from codeforge_worker.renewal import Identity
from codeforge_worker.runner import Execution
from tests.plugins.waiting import wait_for
from tests.worker.fake_store import FakeStore, SilentBell, run_of
from tests.worker.leases import RecordingLease


class FakeAttempt(RecordingLease):
    """One job of a :class:`FakeRun`."""

    took = 0.1
    stopped = retry = None
    became = OutcomeKind.COMPLETED

    def __init__(self, run: Run, since: float, slots: int) -> None:
        super().__init__(job_id=run.job_id, token=run.token, seconds=run.lease_ms / 1000, since=since, slots=slots)
        self.run = run
        self.outcome: Outcome | None = None


class FakeRun:
    """An execution that ends when the test says so."""

    def __init__(self, runs: Sequence[Run], since: float, ring: str | None, ended: Callable[[Execution], None]) -> None:
        self.attempts = [FakeAttempt(run, since, 0 if place else 1) for place, run in enumerate(runs)]
        self.ring = ring
        self.begun = False
        self._ended = ended

    @property
    def jobs(self) -> str:
        """The ids of its jobs, one letter each."""
        return "".join(attempt.job_id for attempt in self.attempts)

    def begin(self) -> None:
        self.begun = True

    def end(self, kind: OutcomeKind | None = OutcomeKind.COMPLETED, *, result: str | None = None) -> None:
        for attempt in self.attempts:
            if kind is not None:
                attempt.outcome = Outcome(job_id=attempt.job_id, token=attempt.token, kind=kind, result=result)
        self._ended(cast(Execution, self))


class Desk:
    """A claimer with two slots that serves two types, and jobs of a third in batches of three."""

    def __init__(self, *, idle_seconds: float = 0) -> None:
        self.store = FakeStore()
        self.bell = SilentBell()
        self.leases = Leases(slots=2)
        self.metrics = create_metrics()
        self.runs: list[FakeRun] = []
        self.full: list[bool] = []
        self.claimer = Claimer(
            store=self.store,
            identity=Identity(
                worker="w",
                types=[JobType(name="echo"), JobType(name="other"), JobType(name="many", batch=3)],
                serves=[
                    Served(type="echo", lease_ms=10_000),
                    Served(type="other", lease_ms=10_000),
                    Served(type="many", lease_ms=10_000, batch=3, gather_ms=10),
                ],
            ),
            leases=self.leases,
            prepare=self._prepare,
            bell=cast(Bell, self.bell),
            accounts=Accounts(self.metrics),
            availability=Availability(Readiness()),
            idle_seconds=idle_seconds,
        )
        self.claimer.full = self.full.append

    def _prepare(self, runs: Sequence[Run], since: float, ring: str | None) -> Execution:
        self.runs.append(FakeRun(runs, since, ring, self.claimer.ended))
        return cast(Execution, self.runs[-1])

    async def claims(self, number: int) -> list[dict[str, Any]]:
        """The claims, once there are so many."""
        await wait_for(lambda: len(self.store.asked("claim")) >= number, within=2, what=f"claim {number}")
        return self.store.asked("claim")

    async def quiet(self) -> None:
        """Lets everything that can happen at once happen."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    running = asyncio.create_task(made.claimer.run())
    yield made
    running.cancel()


async def test_it_claims_at_the_start_for_all_free_slots(desk: Desk) -> None:
    desk.store.ready = [run_of("a"), run_of("b"), run_of("c")]
    (claim,) = await desk.claims(1)
    assert (claim["number"], claim["slots"], claim["outcomes"]) == (1, 2, [])
    await desk.quiet()
    assert [(run.jobs, run.begun) for run in desk.runs] == [("a", True), ("b", True)]
    assert desk.leases.snapshot().answered == 1
    assert len(desk.store.asked("claim")) == 1


async def test_a_finish_brings_the_outcome_home_and_fills_the_slot_in_one_call(desk: Desk) -> None:
    desk.store.ready = [run_of("a"), run_of("b"), run_of("c")]
    await desk.claims(1)
    await desk.quiet()
    desk.runs[0].end()
    claims = await desk.claims(2)
    assert (claims[1]["number"], claims[1]["slots"]) == (2, 1)
    assert [outcome.job_id for outcome in claims[1]["outcomes"]] == ["a"]
    await desk.quiet()
    assert [run.jobs for run in desk.runs] == ["a", "b", "c"]
    assert {lease.job_id for lease in desk.leases.held} == {"b", "c"}
    assert desk.metrics.registry.get_sample_value("codeforge_claims_total", {"cause": "finish"}) == 1


async def test_what_ends_while_a_call_is_under_way_goes_with_the_next(desk: Desk) -> None:
    desk.store.ready = [run_of("a"), run_of("b")]
    await desk.claims(1)
    await desk.quiet()
    desk.store.gate.clear()
    desk.runs[0].end()
    await desk.claims(2)
    desk.runs[1].end()
    await desk.quiet()
    assert len(desk.store.asked("claim")) == 2
    assert {outcome.job_id for outcome in desk.claimer.unsettled()} == {"a", "b"}
    desk.store.gate.set()
    claims = await desk.claims(3)
    assert [outcome.job_id for outcome in claims[2]["outcomes"]] == ["b"]


async def test_without_a_free_slot_a_ring_leads_to_no_claim(desk: Desk) -> None:
    desk.store.ready = [run_of("a"), run_of("b")]
    await desk.claims(1)
    await desk.quiet()
    desk.claimer.look(ClaimCause.RING)
    await desk.quiet()
    assert len(desk.store.asked("claim")) == 1
    assert desk.full == [True]
    desk.runs[0].end()
    await desk.claims(2)
    await desk.quiet()
    assert desk.full == [True, False]


async def test_a_ring_s_trace_goes_to_the_runs_of_its_claim_only(desk: Desk) -> None:
    await desk.claims(1)
    await desk.quiet()
    desk.store.ready = [run_of("a")]
    desk.claimer.rung("echo", "00-trace")
    await desk.claims(2)
    await desk.quiet()
    assert desk.runs[0].ring == "00-trace"
    desk.store.ready = [run_of("b")]
    desk.runs[0].end()
    await desk.claims(3)
    await desk.quiet()
    assert desk.runs[1].ring is None


async def test_a_claim_is_repeated_with_its_number_and_outcomes_until_it_is_answered(desk: Desk) -> None:
    desk.store.ready = [run_of("a")]
    await desk.claims(1)
    await desk.quiet()
    desk.store.troubles = [StoreUnavailable(), StoreUnavailable()]
    desk.runs[0].end()
    claims = await desk.claims(4)
    assert [claim["number"] for claim in claims] == [1, 2, 2, 2]
    assert claims[1] == claims[2] == claims[3]
    await desk.quiet()
    assert not desk.leases.held


async def test_a_claim_answered_too_late_is_handed_back_and_not_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.claims(1)
    await desk.quiet()
    times = iter([100.0, 105.1])
    monkeypatch.setattr(clock, "now", lambda: next(times, 105.1))
    desk.store.ready = [run_of("late"), run_of("long", job_type="other", lease_ms=60_000)]
    desk.claimer.look(ClaimCause.RING)
    await wait_for(lambda: bool(desk.store.asked("settle")), within=2, what="the hand-back")
    (settled,) = desk.store.asked("settle")
    told = [(one.job_id, one.kind, one.reason) for one in settled["outcomes"]]
    assert told == [("late", OutcomeKind.HANDED_BACK, "The claim's answer came too late.")]
    assert [run.jobs for run in desk.runs] == ["long"]
    await desk.quiet()
    assert desk.bell.rings == [{"echo": 1}]


async def test_a_claim_answered_after_the_stop_is_handed_back(desk: Desk) -> None:
    await desk.claims(1)
    await desk.quiet()
    desk.store.gate.clear()
    desk.store.ready = [run_of("a")]
    desk.claimer.look(ClaimCause.RING)
    await desk.claims(2)
    desk.leases.refuse()
    desk.store.gate.set()
    await wait_for(lambda: bool(desk.store.asked("settle")), within=2, what="the hand-back")
    (settled,) = desk.store.asked("settle")
    assert [one.reason for one in settled["outcomes"]] == ["The worker is stopping."]
    assert desk.runs == []


async def test_a_worker_that_stops_brings_outcomes_home_without_claiming(desk: Desk) -> None:
    desk.store.ready = [run_of("a")]
    await desk.claims(1)
    await desk.quiet()
    desk.leases.refuse()
    released = asyncio.create_task(desk.claimer.next_release())
    await desk.quiet()
    desk.runs[0].end()
    await asyncio.wait_for(released, 2)
    (settled,) = desk.store.asked("settle")
    assert [outcome.job_id for outcome in settled["outcomes"]] == ["a"]
    assert len(desk.store.asked("claim")) == 1


async def test_a_run_that_lost_its_job_has_nothing_to_tell(desk: Desk) -> None:
    desk.store.ready = [run_of("a")]
    await desk.claims(1)
    await desk.quiet()
    desk.runs[0].end(None)
    claims = await desk.claims(2)
    assert claims[1]["outcomes"] == []
    assert not desk.leases.held


async def test_when_the_store_went_back_what_ended_a_moment_ago_is_told_again(desk: Desk) -> None:
    desk.store.ready = [run_of("a")]
    await desk.claims(1)
    await desk.quiet()
    desk.runs[0].end()
    await desk.claims(2)
    await desk.quiet()
    desk.claimer.store_went_back()
    await desk.claims(3)
    (settled,) = desk.store.asked("settle")
    assert [(one.job_id, one.kind) for one in settled["outcomes"]] == [("a", OutcomeKind.COMPLETED)]
    assert len(desk.runs) == 1


async def test_types_take_turns_beginning_after_the_one_served_last(desk: Desk) -> None:
    desk.store.ready = [run_of("a", job_type="echo")]
    await desk.claims(1)
    await desk.quiet()
    desk.store.ready = [run_of("b", job_type="other")]
    desk.claimer.look(ClaimCause.RING)
    await desk.claims(2)
    await desk.quiet()
    desk.runs[0].end()
    claims = await desk.claims(3)
    assert [claim["serves"] for claim in claims] == [
        ["echo", "other", "many"],
        ["other", "many", "echo"],
        ["many", "echo", "other"],
    ]


async def test_an_idle_worker_looks_by_itself() -> None:
    desk = Desk(idle_seconds=0.01)
    running = asyncio.create_task(desk.claimer.run())
    await desk.claims(3)
    running.cancel()


async def test_with_the_look_switched_off_it_does_not(desk: Desk) -> None:
    await desk.claims(1)
    await desk.quiet()
    await asyncio.sleep(0.05)
    assert len(desk.store.asked("claim")) == 1


async def test_jobs_of_a_batch_share_a_run_and_its_slot(desk: Desk) -> None:
    desk.store.ready = [run_of(job_id, job_type="many") for job_id in "abcde"]
    desk.store.batch = 3
    await desk.claims(1)
    await desk.quiet()
    assert [run.jobs for run in desk.runs] == ["abc", "de"]
    assert desk.leases.free == 0
    desk.runs[0].end()
    claims = await desk.claims(2)
    assert (claims[1]["slots"], [outcome.job_id for outcome in claims[1]["outcomes"]]) == (1, ["a", "b", "c"])
    await desk.quiet()
    assert {lease.job_id for lease in desk.leases.held} == {"d", "e"}


async def test_while_a_batch_gathers_it_looks_again_in_time(desk: Desk) -> None:
    desk.store.gathering_ms = 1
    await desk.claims(2)
    desk.store.ready = [run_of("a", job_type="many")]
    await wait_for(lambda: bool(desk.runs), within=30, what="the batch")
    assert desk.metrics.registry.get_sample_value("codeforge_claims_total", {"cause": "gathered"}) == 1


async def test_outcomes_that_are_too_much_for_one_call_go_with_several(desk: Desk) -> None:
    desk.store.ready = [run_of("a"), run_of("b")]
    await wait_for(lambda: len(desk.runs) == 2, within=30, what="the runs")
    for run in desk.runs:
        run.end(result="x" * (MOST // 2))
    desk.runs.clear()
    await wait_for(
        lambda: sum(len(call["outcomes"]) for call in desk.store.asked("claim")) == 2, within=30, what="ends"
    )
    assert max(len(call["outcomes"]) for call in desk.store.asked("claim")) == 1
    await wait_for(lambda: not desk.claimer.unsettled(), within=30, what="the answers")
