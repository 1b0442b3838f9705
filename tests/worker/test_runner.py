"""Runs of one job and of a batch: how they end, and what a stop of one means for the others."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from codeforge_common.handler import Fail, Handler, JobContext
from codeforge_common.handler.ending import Stop
from codeforge_common.job import JobType, RetryReason
from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.settings import TelemetrySettings
from codeforge_common.store import OutcomeKind, Run, Verdict
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_worker import clock
from codeforge_worker.availability import Availability
from codeforge_worker.blocking import ChildLimits
from codeforge_worker.owners import TaskOwners
from codeforge_worker.reports import LogLimits
from codeforge_worker.rules import Rules, Tools
from codeforge_worker.run_calls import RunCalls
from codeforge_worker.runner import Execution
from codeforge_worker.step_keeper import StepLimits
from tests.plugins.waiting import wait_for
from tests.worker.fake_store import FakeStore, run_of

KEY = KeyRing.parse("A" * 43)
RULES = Rules(
    backoff_first=1,
    backoff_longest=1,
    result_bytes=1000,
    output_bytes=1000,
    cancel_seconds=5,
    log=LogLimits(lines=10, bytes=1000, line_bytes=100),
    steps=StepLimits(result_bytes=1000, number=10, bytes=1000),
)
Function = Callable[[Any], Coroutine[Any, Any, Any]]


class Desk:
    """Runs handlers over a store that a test looks into. ``ended``: executions that have."""

    def __init__(self, scratch: Path) -> None:
        self.store = FakeStore()
        self.spans = InMemorySpanExporter()
        self.ended: list[Execution] = []
        self.redactor = Redactor()
        self.tracing = Tracing(
            TelemetrySettings(), service="worker", redactor=self.redactor, processor=SimpleSpanProcessor(self.spans)
        )
        self.owners = TaskOwners(asyncio.get_running_loop())
        self.tools = Tools(
            keyring=KEY,
            redactor=self.redactor,
            tracing=self.tracing,
            scratch=scratch,
            child_limits=ChildLimits(result_bytes=1000, step_bytes=1000, steps=10, cancel_seconds=5),
            calls=RunCalls(store=self.store, worker="w", availability=Availability(Readiness())),
        )
        self.rules = RULES

    def start(self, function: Function, *runs: Run, batch: int = 1) -> Execution:
        """Begins a run of a handler. The runs of a batch are given to it together."""
        execution = Execution(
            runs,
            handler=Handler(type=JobType(name="echo", batch=batch), function=function),
            since=clock.now(),
            ring=None,
            tools=self.tools,
            rules=self.rules,
            owners=self.owners,
            wake=lambda reports: None,
            ended=self.ended.append,
            stuck=lambda execution: pytest.fail("it is stuck"),
        )
        execution.begin()
        return execution

    async def end(self) -> Sequence[tuple[OutcomeKind | None, str | None]]:
        """How the one run ended: for each job the outcome's kind, and its result or reason."""
        await wait_for(lambda: bool(self.ended), within=30, what="the end")
        outcomes = [attempt.outcome for attempt in self.ended[0].attempts]
        return [(one.kind, one.result or one.reason) if one else (None, None) for one in outcomes]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.tracing.shutdown()


class Batch:
    """A handler of batches that waits until it is told what to return, or cancelled."""

    def __init__(self, desk: Desk) -> None:
        self.jobs: list[str] = []
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.execution = desk.start(self, *map(run_of, "abc"), batch=3)

    async def __call__(self, contexts: Sequence[JobContext]) -> Any:
        self.jobs = [context.job_id for context in contexts]
        return await asyncio.shield(self.answer)


@pytest.fixture
async def batch(desk: Desk) -> Batch:
    """Three jobs, ``a`` to ``c``, in the hands of a handler."""
    handler = Batch(desk)
    await wait_for(lambda: handler.jobs == ["a", "b", "c"], within=30, what="the handler's call")
    return handler


@pytest.fixture
def stop(batch: Batch) -> Callable[[str, Stop], None]:
    """Tells one job of the batch to stop, as a lease's keepers would."""
    attempts = {attempt.job_id: attempt for attempt in batch.execution.attempts}
    return lambda job_id, reason: attempts[job_id].stop(reason)


Stopping = Callable[[str, Stop], None]
DONE = (OutcomeKind.COMPLETED, "1")
CANCELLED = (OutcomeKind.CANCELLED, None)
LEFT = (OutcomeKind.HANDED_BACK, "Another job of its batch was lost.")
LOST = (None, None)


async def test_each_job_of_a_batch_has_its_own_outcome(desk: Desk, batch: Batch) -> None:
    batch.answer.set_result([1, Fail("no", "Never."), ValueError("bad luck")])
    assert await desk.end() == [
        DONE,
        (OutcomeKind.FAILED, "no: Never."),
        (OutcomeKind.RETRY, "ValueError: bad luck"),
    ]


async def test_what_the_handler_raises_is_every_job_s_failure(desk: Desk, batch: Batch) -> None:
    batch.answer.set_exception(ValueError("bad luck"))
    assert await desk.end() == [(OutcomeKind.RETRY, "ValueError: bad luck")] * 3


async def test_a_batch_goes_on_while_some_are_cancelled(desk: Desk, batch: Batch, stop: Stopping) -> None:
    stop("a", Stop.CANCELLED)
    stop("b", Stop.CANCELLED)
    stop("b", Stop.CANCELLED)
    await asyncio.sleep(0)
    batch.answer.set_result([1, ValueError("cancelled"), 1])
    assert await desk.end() == [DONE, CANCELLED, DONE]  # the store ends the first as cancelled, with its result
    assert [attempt.stopped for attempt in desk.ended[0].attempts] == [Stop.CANCELLED, Stop.CANCELLED, None]


async def test_a_batch_is_cancelled_when_all_are(desk: Desk, batch: Batch, stop: Stopping) -> None:
    for job_id in "abc":
        stop(job_id, Stop.CANCELLED)
    assert await desk.end() == [CANCELLED] * 3


@pytest.mark.parametrize("reason", [Stop.FENCED, Stop.GONE])
async def test_one_that_is_lost_ends_the_batch_and_the_others_go_back(
    desk: Desk, batch: Batch, stop: Stopping, reason: Stop
) -> None:
    stop("c", Stop.CANCELLED)
    stop("b", reason)
    assert await desk.end() == [LEFT, LOST, CANCELLED]


async def test_one_that_is_cancelled_may_be_lost_later(desk: Desk, batch: Batch, stop: Stopping) -> None:
    stop("b", Stop.CANCELLED)
    stop("b", Stop.FENCED)
    assert await desk.end() == [LEFT, LOST, LEFT]


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        (Stop.SHUTDOWN, (OutcomeKind.HANDED_BACK, "The worker is stopping.")),
        (Stop.LEASE, (OutcomeKind.HANDED_BACK, "The lease ran out of time: the store was away.")),
        (Stop.WALL_TIME, (OutcomeKind.RETRY, "wall_time_exceeded: The attempt took longer than its job type allows.")),
    ],
)
async def test_what_stops_one_for_the_worker_s_sake_stops_all(
    desk: Desk, batch: Batch, stop: Stopping, reason: Stop, end: tuple[OutcomeKind, str]
) -> None:
    stop("b", reason)
    assert await desk.end() == [end] * 3


async def test_a_job_whose_secret_cannot_be_opened_fails_alone(desk: Desk) -> None:
    async def function(contexts: Sequence[JobContext]) -> Any:
        return [context.secrets["context.key"] == "hunter2" for context in contexts]

    sealed = KEY.seal({"context.key": "hunter2"}, job_id="a", user_id="user")
    desk.start(function, run_of("a", sealed=sealed), run_of("b", sealed=b"tampered"), batch=2)
    (_, opened), (kind, reason) = await desk.end()
    assert opened == "true"
    assert (kind, (reason or "").split(":")[0]) == (OutcomeKind.RETRY, "secret_unreadable")
    assert desk.redactor.text("hunter2") == "hunter2"  # both are forgotten


async def test_each_job_s_span_stands_in_its_own_trace_with_its_own_end(desk: Desk) -> None:
    async def function(contexts: Sequence[JobContext]) -> Any:
        return [1, ValueError("bad luck")]

    parents = {job_id: f"00-{job_id * 32}-{job_id * 16}-01" for job_id in "ab"}
    desk.start(function, *(run_of(job_id, traceparent=parent) for job_id, parent in parents.items()), batch=2)
    await desk.end()
    spans = {(span.attributes or {})["messaging.message.id"]: span for span in desk.spans.get_finished_spans()}
    assert {job_id: f"{span.context.trace_id:032x}" for job_id, span in spans.items()} == {
        job_id: job_id * 32 for job_id in "ab"
    }
    assert [spans[job_id].status.is_ok for job_id in "ab"] == [True, False]


async def test_a_step_that_finds_the_job_lost_ends_the_run_and_tells_nothing(desk: Desk) -> None:
    async def function(ctx: JobContext) -> Any:
        await ctx.step("one", lambda: 1)
        pytest.fail("it went on")

    desk.store.verdicts = {"a": Verdict.FENCED}
    desk.start(function, run_of("a"))
    assert await desk.end() == [LOST]
    assert desk.ended[0].attempts[0].stopped is Stop.FENCED


async def test_a_run_that_a_step_ends_may_tidy_up(desk: Desk) -> None:
    tidied: list[str] = []

    async def function(ctx: JobContext) -> Any:
        try:
            await ctx.step("one", lambda: 1)
        finally:
            await asyncio.sleep(0.01)
            tidied.append("yes")

    desk.store.verdicts = {"a": Verdict.GONE}
    desk.start(function, run_of("a"))
    assert await desk.end() == [LOST]
    assert tidied == ["yes"]


async def test_a_task_of_the_handler_s_goes_no_further_either(desk: Desk) -> None:
    made: list[str] = []

    async def function(ctx: JobContext) -> Any:
        async with asyncio.TaskGroup() as group:
            group.create_task(ctx.effect("one", lambda key: None, made.append))
            group.create_task(asyncio.Event().wait())

    desk.store.verdicts = {"a": Verdict.FENCED}
    desk.start(function, run_of("a"))
    assert await desk.end() == [LOST]
    assert made == []


async def test_a_step_of_a_cancelled_job_is_its_last(desk: Desk) -> None:
    made: list[str] = []

    async def function(ctx: JobContext) -> Any:
        await ctx.step("one", lambda: 1)
        await ctx.effect("two", lambda key: None, made.append)

    desk.store.verdicts = {"a": Verdict.CANCELLED}
    desk.start(function, run_of("a"))
    assert await desk.end() == [CANCELLED]
    assert (len(desk.store.asked("step")), made) == (1, [])


class Effects:
    """Handlers of batches that make an effect for each job. ``made``: the keys of those that were made."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def one(self, ctx: JobContext) -> Any:
        await ctx.effect("pull", lambda key: None, self.made.append)
        return 1

    async def gathered(self, jobs: Sequence[JobContext]) -> Any:
        """Each job's end is its own."""
        return await asyncio.gather(*map(self.one, jobs), return_exceptions=True)

    async def in_turn(self, jobs: Sequence[JobContext]) -> Any:
        """What one raises ends the call."""
        return [await self.one(ctx) for ctx in jobs]

    async def grouped(self, jobs: Sequence[JobContext]) -> Any:
        """The same, in a group."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.one(ctx)) for ctx in jobs]
        return [task.result() for task in tasks]


async def test_an_effect_of_a_job_that_was_cancelled_alone_is_refused(desk: Desk) -> None:
    handler = Effects()
    desk.store.verdicts = {"b": Verdict.CANCELLED}
    desk.start(handler.gathered, *map(run_of, "abc"), batch=3)
    assert await desk.end() == [DONE, CANCELLED, DONE]
    assert sorted(handler.made) == ["a:pull", "c:pull"]


@pytest.mark.parametrize("way", ["in_turn", "grouped"])
async def test_a_refusal_that_ends_the_call_is_no_fault_of_the_others(desk: Desk, way: str) -> None:
    desk.store.verdicts = {"a": Verdict.CANCELLED}
    desk.start(getattr(Effects(), way), *map(run_of, "ab"), batch=2)
    assert await desk.end() == [CANCELLED, LEFT]


async def test_finished_steps_are_in_the_run_s_hands(desk: Desk) -> None:
    async def function(ctx: JobContext) -> Any:
        return [await ctx.step("one", lambda: 1), await ctx.step("two", lambda: 2)]

    desk.start(function, run_of("a", steps={"one": '"kept"'}))
    assert await desk.end() == [(OutcomeKind.COMPLETED, '["kept",2]')]
    assert [asked["step"] for asked in desk.store.asked("step")] == ["two"]


async def test_output_before_the_last_finished_step_is_not_written_again(desk: Desk) -> None:
    async def function(ctx: JobContext) -> Any:
        ctx.output("there already")
        await ctx.step("one", lambda: 1)
        ctx.output("more")

    desk.start(function, run_of("a", steps={"one": "1"}, output_bytes=13))
    await desk.end()
    outcome = desk.ended[0].attempts[0].outcome
    assert outcome is not None
    assert [report.output for report in outcome.reports] == ["more"]


async def test_the_output_of_earlier_runs_counts_against_the_limit(desk: Desk) -> None:
    async def function(ctx: JobContext) -> Any:
        ctx.output("12345")

    desk.start(function, run_of("a", output_bytes=996))
    await desk.end()
    outcome = desk.ended[0].attempts[0].outcome
    assert outcome is not None
    assert [report.output for report in outcome.reports] == ["1234"]


async def test_an_over_long_attempt_has_failed(desk: Desk) -> None:
    async def function(ctx: JobContext) -> Any:
        await asyncio.Event().wait()

    execution = desk.start(function, run_of("a"))
    await asyncio.sleep(0)
    execution.attempts[0].stop(Stop.WALL_TIME)
    ((kind, _),) = await desk.end()
    assert (kind, execution.attempts[0].retry) == (OutcomeKind.RETRY, RetryReason.WALL_TIME)
    (span,) = desk.spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.status.description or "").startswith("wall_time_exceeded: ")


async def test_a_run_that_is_over_is_gone_before_the_garbage_collector_looks(desk: Desk) -> None:
    async def function(ctx: JobContext) -> Any:
        ctx.log("a line")
        return 1

    gc.disable()
    try:
        desk.start(function, run_of("a"))
        assert await desk.end() == [DONE]
        run = weakref.ref(desk.ended.pop())
        await wait_for(lambda: run() is None, within=30, what="its end")
    finally:
        gc.enable()
