from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_common.testing.model_server.script import DEFAULT_KEY
from codeforge_worker.agent.models import Budget, Conversation, required
from codeforge_worker.agent.models.failures import LONGEST_QUOTE
from codeforge_worker.agent.models.patience import Patience
from codeforge_worker.agent.models.pauses import Pauses
from codeforge_worker.agent.models.remote import connected
from tests.worker.agent.models.fake import Serve, settings_for

CONTEXT = {"message": "This model's maximum context length is 8192 tokens.", "code": "context_length_exceeded"}
QUOTA = {"message": "You exceeded your current quota.", "code": "insufficient_quota", "type": "insufficient_quota"}
CREDIT = {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}
LONG_PROMPT = {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}
FILTERED = {"message": "The response was filtered.", "code": "content_filter"}
OVERLOADED = {"type": "overloaded_error", "message": "Overloaded"}


async def call(serve: Serve, answer: dict[str, Any], *, provider: str = "openai", **more: Any) -> None:
    settings = settings_for(serve([answer]), provider=provider, **more)
    patience = Patience(address="here", attempts=1, pauses=Pauses())
    name = required(settings, workflow="enhance")
    async with connected(name, settings=settings, patience=patience) as model:
        await model.turn(Conversation.start("", "hi"), tools=(), budget=Budget.of(settings), on_text=lambda _: None)


@pytest.mark.parametrize(
    ("answer", "provider", "code"),
    [
        ({"status": 401}, "openai", "model_key_refused"),
        ({"status": 403}, "openai", "model_key_refused"),
        ({"status": 401}, "anthropic", "model_key_refused"),
        ({"status": 404}, "openai", "model_unknown"),
        ({"status": 404}, "anthropic", "model_unknown"),
        ({"status": 400, "error": CONTEXT}, "openai", "model_input_too_long"),
        ({"status": 422, "error": {"message": "exceeds the context window"}}, "openai", "model_input_too_long"),
        ({"status": 413}, "openai", "model_input_too_long"),
        ({"status": 413}, "anthropic", "model_input_too_long"),
        ({"status": 400, "error": LONG_PROMPT}, "anthropic", "model_input_too_long"),
        ({"status": 400}, "openai", "model_refused_request"),
        ({"status": 422}, "openai", "model_refused_request"),
        ({"status": 418}, "openai", "model_refused_request"),
        ({"status": 400}, "anthropic", "model_refused_request"),
        ({"status": 400, "error": FILTERED}, "openai", "model_declined"),
        ({"text": "I ", "finish": "content_filter"}, "openai", "model_declined"),
        ({"text": "I ", "finish": "content_filter"}, "anthropic", "model_declined"),
        ({"status": 429, "error": QUOTA}, "openai", "model_quota"),
        ({"status": 402}, "openai", "model_quota"),
        ({"status": 400, "error": CREDIT}, "anthropic", "model_quota"),
    ],
)
async def test_what_another_try_can_not_change_fails_the_job(
    serve: Serve, answer: dict[str, Any], provider: str, code: str
) -> None:
    with pytest.raises(Fail) as caught:
        await call(serve, answer, provider=provider)
    assert caught.value.code == code
    assert caught.value.message.endswith((".", "maximum", "window")), caught.value.message


@pytest.mark.parametrize(
    ("answer", "provider"),
    [
        *[({"status": status}, "openai") for status in (408, 409, 429, 500, 502, 503, 504)],
        *[({"status": status}, "anthropic") for status in (429, 500)],
        ({"status": 529, "error": OVERLOADED}, "anthropic"),
        ({"status": 500, "error": {"message": "A fault in the billing service."}}, "openai"),
        ({"body": "<html>Welcome</html>"}, "openai"),
        ({"body": "data: {broken\n\n"}, "openai"),
        ({"text": "one two three", "cut": 1}, "openai"),
        ({"text": "one two three", "ends": 1}, "openai"),
        ({"text": "one two three", "ends": 4}, "openai"),
        ({"text": "one two three", "ends": 4}, "anthropic"),
    ],
)
async def test_what_may_pass_is_tried_again(serve: Serve, answer: dict[str, Any], provider: str) -> None:
    with pytest.raises(Retry, match=r"^model_unavailable: "):
        await call(serve, answer, provider=provider)


async def test_a_silent_provider_is_given_up(serve: Serve) -> None:
    for silent in ({"hang": 0}, {"text": "one two", "hang": 1}):
        with pytest.raises(Retry, match=r"in time|connection"):
            await call(serve, silent, agent_model_timeout_seconds=1)


async def test_a_server_that_is_not_there_is_given_up(serve: Serve) -> None:
    with pytest.raises(Retry, match="the connection failed"):
        await call(serve, {}, openai_base_url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "300"}, 300), ({"retry-after-ms": "200500", "Retry-After": "9"}, 200.5)]
)
async def test_it_waits_as_long_as_the_provider_says(serve: Serve, headers: dict[str, str], seconds: float) -> None:
    for provider in ("openai", "anthropic"):
        with pytest.raises(Retry) as caught:
            await call(serve, {"status": 429, "headers": headers}, provider=provider)
        assert caught.value.after == pytest.approx(seconds)


async def test_it_waits_until_the_date_that_the_provider_names(serve: Serve) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    with pytest.raises(Retry) as caught:
        await call(serve, {"status": 503, "headers": {"Retry-After": date}})
    assert caught.value.after is not None
    assert 300 < caught.value.after <= 601


async def test_nothing_that_it_says_shows_a_key(serve: Serve) -> None:
    said = f"Bearer {DEFAULT_KEY} and sk-proj-abcdefghijklmnopqrstuvwxyz are wrong: {DEFAULT_KEY} " + "very " * 200
    with pytest.raises(Fail) as caught:
        await call(serve, {"status": 400, "error": {"message": said}})
    for secret in (DEFAULT_KEY, "abcdefghijklmnop"):
        assert secret not in caught.value.message
    assert len(caught.value.message) < LONGEST_QUOTE + 100


async def test_a_wrong_key_is_explained(serve: Serve) -> None:
    with pytest.raises(Fail, match="check OPENAI_API_KEY: Incorrect API key") as caught:
        await call(serve, {"text": "never"}, openai_api_key="another-secret-key")
    assert "another-secret-key" not in str(caught.value)
