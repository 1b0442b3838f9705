from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.github import connection
from codeforge_worker.agent.github.client import GitHub, github
from codeforge_worker.settings import AgentSettings
from tests.plugins.github_answers import Answer
from tests.plugins.github_api import FakeGitHub, Trouble
from tests.plugins.loopback import Handler, listening
from tests.plugins.ports import free_port
from tests.worker.agent.github.conftest import TOKEN


async def test_a_token_is_in_no_text_and_no_log(
    adas: GitHub, fake: FakeGitHub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await adas.repository("ada/engine")
    fake.fails(422, f"What is Bearer {TOKEN}? And {TOKEN}?")
    with pytest.raises(Fail) as failure:
        await adas.repository("ada/engine")
    assert "What is" in str(failure.value)
    assert TOKEN not in str(failure.value)
    assert caplog.records
    assert TOKEN not in caplog.text


async def test_a_token_of_no_known_shape_is_redacted_too(fake: FakeGitHub, settings: AgentSettings) -> None:
    fake.fails(422, "What is 0123456789abcdef?")
    async with github(token="0123456789abcdef", settings=settings) as opened:
        with pytest.raises(Fail, match=r"What is \[redacted\]\?"):
            await opened.user()


@pytest.mark.parametrize("token", ["", "ghp x", "ghp_x\n", "ghp_x\r\nHost: evil", "ghp_ữ", "x" * 2000])
async def test_what_cannot_be_a_token_is_never_sent(token: str, fake: FakeGitHub, settings: AgentSettings) -> None:
    with pytest.raises(Fail) as failure:
        async with github(token=token, settings=settings) as opened:
            await opened.user()
    assert failure.value.code == "github_token_refused"
    assert fake.calls == []


async def test_a_github_that_cannot_be_reached() -> None:
    settings = AgentSettings(github_api_url=f"http://127.0.0.1:{free_port()}")
    async with github(token=TOKEN, settings=settings) as opened:
        with pytest.raises(Retry, match="GitHub can't be reached to tell whose token it is"):
            await opened.user()


async def test_a_github_that_hangs_up(adas: GitHub, fake: FakeGitHub) -> None:
    fake.troubles.append(Trouble(calls=".*"))
    with pytest.raises(Retry, match="can't be reached"):
        await adas.user()


async def test_a_github_that_is_silent(adas: GitHub, fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CALL_SECONDS", 0.2)
    with fake.lock, pytest.raises(Retry, match="TimeoutError"):  # it needs the lock to answer
        await adas.user()


@pytest.mark.parametrize("content", [b"<html>Welcome!</html>", b"", b"[]", b'{"login": 7}'])
async def test_an_answer_that_cannot_be_read(content: bytes, adas: GitHub, fake: FakeGitHub) -> None:
    fake.troubles.append(Trouble(calls=".*", answer=Answer(content=content)))
    with pytest.raises(Retry, match="its answer can't be read"):
        await adas.user()


async def test_a_renamed_repository_is_found(adas: GitHub, fake: FakeGitHub) -> None:
    fake.state.renamed["ada/motor"] = "ada/engine"
    assert (await adas.repository("ada/motor")).full_name == "ada/engine"


async def test_a_token_is_not_carried_to_another_server(adas: GitHub, fake: FakeGitHub) -> None:
    seen: list[str | None] = []

    class Elsewhere(Handler):
        def serve(self) -> None:
            seen.append(self.headers.get("Authorization"))
            self.send_error(404)

    with listening(Elsewhere) as address:
        fake.fails(301, "Moved Permanently", headers={"Location": f"{address}/repos/ada/engine"})
        with pytest.raises(Fail):
            await adas.repository("ada/engine")
    assert seen == [None]


def test_a_worker_that_starts_loads_no_http_client() -> None:
    program = (
        "import sys, codeforge_worker.agent.handlers, codeforge_worker.agent.which; sys.exit('httpx2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
