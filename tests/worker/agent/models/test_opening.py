from __future__ import annotations

import subprocess
import sys

import pytest

from codeforge_common.handler import Retry
from codeforge_worker.agent.models import Budget, Conversation, opened
from codeforge_worker.agent.models.pauses import PAUSES
from tests.worker.agent.models.fake import Serve, settings_for

WITHOUT_A_MODEL = """
import asyncio, sys
from codeforge_common.handler import Fail
from codeforge_worker.agent import handlers
from codeforge_worker.agent.models import opened
from codeforge_worker.settings import AgentSettings

async def run():
    try:
        async with opened(AgentSettings(agent_model=None), workflow="enhance"):
            raise AssertionError("there is no model")
    except Fail as failure:
        print(failure.code)

asyncio.run(run())
print([name for name in ("pydantic_ai", "openai", "anthropic", "genai_prices") if name in sys.modules])
"""


def test_a_worker_without_a_model_loads_nothing_that_speaks_to_one() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_A_MODEL], capture_output=True, text=True, timeout=50)
    assert (done.stdout, done.stderr) == ("model_not_configured\n[]\n", "")


WITH_ONE = """
import asyncio, sys
from codeforge_worker.agent.models import opened
from codeforge_worker.settings import AgentSettings

async def run():
    async with opened(AgentSettings(agent_model="openai:gpt-5", openai_api_key="k"), workflow="enhance") as model:
        print(model.name)

asyncio.run(run())
print([name for name in ("pydantic_ai", "openai", "anthropic") if name in sys.modules])
"""


def test_only_the_library_of_the_provider_in_use_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", WITH_ONE], capture_output=True, text=True, timeout=50)
    assert (done.stdout, done.stderr) == ("openai:gpt-5\n['pydantic_ai', 'openai']\n", "")


async def test_the_model_of_the_settings_is_opened(serve: Serve) -> None:
    server = serve([{"text": "Hello."}])
    settings = settings_for(server)
    async with opened(settings, workflow="enhance") as model:
        turn = await model.turn(
            Conversation.start("", "Hi"), tools=(), budget=Budget.of(settings), on_text=lambda _: None
        )
    assert (model.name, turn.text) == ("openai:scripted", "Hello.")
    assert server.seen[0]["headers"]["authorization"].startswith("Bearer ")


async def test_a_server_of_ones_own_needs_no_key(serve: Serve) -> None:
    settings = settings_for(serve({"key": None, "answers": [{"text": "Hello."}]}), openai_api_key=None)
    async with opened(settings, workflow="enhance") as model:
        turn = await model.turn(
            Conversation.start("", "Hi"), tools=(), budget=Budget.of(settings), on_text=lambda _: None
        )
    assert turn.finished


async def test_a_pause_that_one_job_was_asked_for_holds_for_all_of_the_process(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PAUSES, "_until", {})  # another test may be given this server's port
    server = serve([{"status": 429, "headers": {"Retry-After": "300"}}, {"text": "too early"}])
    settings = settings_for(server)
    for _ in range(2):
        async with opened(settings, workflow="enhance") as model:
            with pytest.raises(Retry) as caught:
                await model.turn(
                    Conversation.start("", "Hi"), tools=(), budget=Budget.of(settings), on_text=lambda _: None
                )
        assert caught.value.after is not None
        assert 200 < caught.value.after <= 300
    assert len(server.seen) == 1
