from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, Field

from codeforge_common.handler import Fail, Retry
from codeforge_common.testing.model_server.server import Server
from codeforge_worker.agent.models import Budget, Conversation, LimitReached, Question, ToolSpec, required
from codeforge_worker.agent.models.patience import Patience
from codeforge_worker.agent.models.pauses import Pauses
from codeforge_worker.agent.models.remote import RemoteModel, connected
from tests.plugins.waiting import wait_for
from tests.worker.agent.models.fake import Serve, settings_for

READ = ToolSpec(
    name="read",
    description="Reads a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
PROVIDERS = ("openai", "openai-chat", "anthropic")


class Plan(BaseModel):
    """What to do."""

    steps: list[str] = Field(min_length=1)


PLAN = Question(instructions="You plan.", prompt="Plan it.", output=Plan)


@asynccontextmanager
async def remote(
    server: Server, *, provider: str = "openai", attempts: int = 2, **more: Any
) -> AsyncIterator[RemoteModel]:
    settings = settings_for(server, provider=provider, model=server.script.model)

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    patience = Patience(address="here", attempts=attempts, pauses=Pauses(lambda: 0), sleep=at_once)
    name = required(settings, workflow="enhance")
    async with connected(name, settings=settings, patience=patience, **more) as model:
        yield model


def budget(*, calls: int = 100, tokens: int = 100_000, seconds: float = 600) -> Budget:
    return Budget(calls_max=calls, tokens_max=tokens, seconds_max=seconds)


def nowhere(_: str) -> None:
    """Nobody reads."""


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_question_is_answered_in_its_shape(serve: Serve, provider: str) -> None:
    server = serve([{"output": {"steps": ["read", "write"]}}])
    spending = budget()
    async with remote(server, provider=provider) as model:
        assert await model.ask(PLAN, budget=spending) == Plan(steps=["read", "write"])
        assert model.name == f"{provider}:scripted"
    assert spending.usage.calls == 1
    assert server.seen[0]["path"].endswith("/messages" if provider == "anthropic" else "/chat/completions")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "unusable",
    [
        {"output": {"steps": "read"}},
        {"output": {"steps": []}},
        {"text": "I would read, then write."},
        {"calls": [{"name": "final_result", "arguments": {}}, {"name": "other", "arguments": {}}]},
    ],
)
async def test_an_unusable_answer_is_asked_for_once_more_with_its_fault(
    serve: Serve, provider: str, unusable: dict[str, Any]
) -> None:
    server = serve([unusable, {"output": {"steps": ["mended"]}}])
    spending = budget()
    async with remote(server, provider=provider) as model:
        assert await model.ask(PLAN, budget=spending) == Plan(steps=["mended"])
    assert spending.usage.calls == 2
    assert "can't be used" in str(server.seen[1]["body"]["messages"][2:])


async def test_broken_json_and_json_in_a_text_are_read_as_far_as_they_can(serve: Serve) -> None:
    broken = {"calls": [{"name": "final_result", "arguments": '{"steps": ["a"'}]}
    server = serve([broken, {"text": 'Here it is:\n```json\n{"steps": ["from text"]}\n```'}])
    async with remote(server) as model:
        assert await model.ask(PLAN, budget=budget()) == Plan(steps=["from text"])


async def test_two_unusable_answers_fail_the_job(serve: Serve) -> None:
    server = serve([{"output": {"steps": 1}}, {"output": {"steps": 2}}])
    async with remote(server) as model:
        with pytest.raises(Fail) as caught:
            await model.ask(PLAN, budget=budget())
    assert caught.value.code == "model_answer_unusable"
    assert "steps" in caught.value.message
    assert len(server.seen) == 2


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_turn_streams_its_text_and_asks_for_tools(serve: Serve, provider: str) -> None:
    called = {"text": "Tôi đọc trước.", "calls": [{"name": "read", "arguments": {"path": "README.md"}}]}
    server = serve([called, {"text": "Xong."}])
    shown: list[str] = []
    conversation = Conversation.start("You edit.", "Edit it.")
    async with remote(server, provider=provider) as model:
        first = await model.turn(conversation, tools=[READ], budget=budget(), on_text=shown.append)
        assert (first.text, first.finished) == ("Tôi đọc trước.", False)
        assert [(call.name, call.arguments) for call in first.calls] == [("read", {"path": "README.md"})]
        assert len(shown) > 1
        assert "".join(shown) == first.text
        conversation.answer(first.calls[0], "# Title")
        second = await model.turn(conversation, tools=[READ], budget=budget(), on_text=shown.append)
    assert (second.text, second.calls, second.finished) == ("Xong.", [], True)
    assert "# Title" in str(server.seen[1]["body"]["messages"])


async def test_arguments_that_are_no_json_object_reach_the_caller_and_never_the_server(serve: Serve) -> None:
    arguments = ['{"path": ', "[1]", "3"]
    server = serve([{"calls": [{"name": "read", "arguments": each} for each in arguments]}, {"text": "Sorry."}])
    conversation = Conversation.start("", "Edit it.")
    async with remote(server) as model:
        turn = await model.turn(conversation, tools=[READ], budget=budget(), on_text=nowhere)
        assert [call.arguments for call in turn.calls] == [None, None, None]
        for call in turn.calls:
            conversation.answer(call, "The arguments are no JSON object.")
        await model.turn(conversation, tools=[READ], budget=budget(), on_text=nowhere)
    sent = server.seen[1]["body"]["messages"][1]["tool_calls"]
    assert all(each["function"]["arguments"].startswith("{") for each in sent)


async def test_a_message_that_was_cut_off_at_its_longest_is_gone_on_with(serve: Serve) -> None:
    server = serve([{"text": "One ", "finish": "length"}, {"text": "two."}])
    conversation = Conversation.start("", "Count.")
    async with remote(server) as model:
        first = await model.turn(conversation, tools=(), budget=budget(), on_text=nowhere)
        assert (first.text, first.finished) == ("One ", False)
        assert (await model.turn(conversation, tools=(), budget=budget(), on_text=nowhere)).finished
    assert "Go on" in server.seen[1]["body"]["messages"][-1]["content"]


async def test_a_stream_that_breaks_before_any_text_is_repeated(serve: Serve) -> None:
    server = serve([{"text": "One two", "cut": 1}, {"text": "Whole."}])
    shown: list[str] = []
    async with remote(server) as model:
        turn = await model.turn(Conversation.start("", "Hi"), tools=(), budget=budget(), on_text=shown.append)
    assert (turn.text, "".join(shown)) == ("Whole.", "Whole.")


async def test_a_stream_that_breaks_after_text_was_shown_is_not(serve: Serve) -> None:
    server = serve([{"text": "One two", "cut": 2}, {"text": "Whole."}])
    shown: list[str] = []
    conversation = Conversation.start("", "Hi")
    async with remote(server) as model:
        with pytest.raises(Retry, match="model_unavailable"):
            await model.turn(conversation, tools=(), budget=budget(), on_text=shown.append)
    assert (shown, len(server.seen), len(conversation.messages)) == (["One "], 1, 1)


async def test_a_question_whose_stream_breaks_is_repeated_since_nobody_has_seen_it(serve: Serve) -> None:
    server = serve([{"text": "One two", "cut": 2}, {"output": {"steps": ["a"]}}])
    async with remote(server) as model:
        assert await model.ask(PLAN, budget=budget()) == Plan(steps=["a"])


async def test_a_cancelled_turn_ends_at_once_and_hangs_up(serve: Serve) -> None:
    server = serve([{"text": "One two three", "hang": 2}])
    shown = asyncio.Event()
    async with remote(server) as model:
        turn = asyncio.create_task(
            model.turn(Conversation.start("", "Hi"), tools=(), budget=budget(), on_text=lambda _: shown.set())
        )
        async with asyncio.timeout(30):
            await shown.wait()
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turn
            await wait_for(lambda: server.seen[0]["gone"], within=30, what="the end of the connection")


async def test_each_call_is_checked_against_the_budget_before_it_is_made(serve: Serve) -> None:
    server = serve({"rules": [{"when": {}, "answer": {"output": {"steps": 1}, "usage": {"input": 40, "output": 10}}}]})
    async with remote(server) as model:
        for limited, code, calls in (
            (budget(calls=1), "model_call_limit", 1),
            (budget(tokens=50), "token_limit", 1),
            (budget(calls=0), "model_call_limit", 0),
            (budget(seconds=0), "time_limit", 0),
        ):
            server.seen.clear()
            with pytest.raises(LimitReached) as caught:
                await model.ask(PLAN, budget=limited)
            assert (caught.value.code, len(server.seen), limited.usage.calls) == (code, calls, calls)


async def test_a_call_ends_when_the_jobs_time_is_up(serve: Serve) -> None:
    server = serve([{"text": "One two", "hang": 1}])
    async with remote(server) as model:
        with pytest.raises(LimitReached) as caught:
            await model.turn(Conversation.start("", "Hi"), tools=(), budget=budget(seconds=1), on_text=nowhere)
    assert caught.value.code == "time_limit"


@pytest.mark.parametrize(("provider", "model"), [("openai", "gpt-4o"), ("anthropic", "claude-sonnet-5-5")])
async def test_what_a_call_used_is_counted_with_its_price(serve: Serve, provider: str, model: str) -> None:
    server = serve({"model": model, "answers": [{"text": "Hi.", "usage": {"input": 1000, "output": 100}}]})
    spending = budget()
    async with remote(server, provider=provider) as asked:
        await asked.turn(Conversation.start("", "Hi"), tools=(), budget=spending, on_text=nowhere)
    used = spending.usage
    assert (used.calls, used.input_tokens, used.output_tokens) == (1, 1000, 100)
    assert used.model == f"{provider}:{model}"
    assert used.cost is not None
    assert 0 < used.cost < 1


async def test_a_model_without_a_list_price_costs_nobody_knows_what(serve: Serve) -> None:
    spending = budget()
    async with remote(serve([{"text": "Hi."}])) as model:
        await model.turn(Conversation.start("", "Hi"), tools=(), budget=spending, on_text=nowhere)
    assert spending.usage.calls == 1
    assert spending.usage.cost is None


async def test_tokens_are_estimated_where_the_server_does_not_tell_them(serve: Serve) -> None:
    spending = budget()
    async with remote(serve([{"text": "word " * 1000, "usage": {"input": 0, "output": 0}}])) as model:
        await model.turn(Conversation.start("", "Hi"), tools=(), budget=spending, on_text=nowhere)
    assert spending.usage.output_tokens >= 1000
    assert spending.usage.input_tokens > 0


async def test_each_call_is_a_span_without_what_was_said(serve: Serve) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    usage = {"input": 12, "output": 3}
    server = serve([{"text": "secret-answer", "usage": usage}, {"status": 401, "error": {"message": "secret-answer"}}])
    async with remote(server, tracer=provider.get_tracer("test")) as model:
        await model.turn(Conversation.start("", "secret-prompt"), tools=(), budget=budget(), on_text=nowhere)
        with pytest.raises(Fail):
            await model.turn(Conversation.start("", "secret-prompt"), tools=(), budget=budget(), on_text=nowhere)
    provider.shutdown()
    good, bad = exporter.get_finished_spans()
    assert good.name == "chat scripted"
    assert good.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
    }
    assert (bad.attributes or {})["error.type"] == "model_key_refused"
    assert not bad.status.is_ok
    assert "secret" not in good.to_json() + bad.to_json()
