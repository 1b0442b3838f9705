"""What the programs that the worker starts get of its environment."""

from __future__ import annotations

import os

import pytest

from codeforge_worker.inheritance import SECRETS, inherited
from codeforge_worker.process import guarded


@pytest.mark.parametrize(
    "name",
    [
        "SECRETS_KEY",
        "AUTH_JWT_SECRET",
        "REDIS_URL",
        "BROKER_URL",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "redis_url",
    ],
)
def test_the_platform_s_secrets_stay_here(name: str) -> None:
    assert inherited({name: "redis://:hunter2@localhost"}) == {}


def test_an_address_of_ours_stays_here_only_with_credentials_in_it() -> None:
    name = "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert inherited({name: "http://ada:hunter2@collector:4318"}) == {}
    for harmless in ("http://collector:4318", "http://[broken"):
        assert inherited({name: harmless}) == {name: harmless}


def test_everything_else_gets_through() -> None:
    environment = {
        "PATH": "/bin",
        "HOME": "/home/ada",
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/srv/handlers",
        "https_proxy": "http://ada:pass@proxy:3128",
        "AGENT_MODEL": "openai:x",
        "AGENT_CLONE_MAX_BYTES": "1048576",
        "TABLES_URL": "redis://:theirs@tables",
        "TABLES_SECRET_KEY": "theirs",
    }
    assert inherited(environment) == environment


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them in this process's environment."""
    for name in SECRETS:
        monkeypatch.setenv(name, "hunter2")


SHOWS_NO_SECRET = ["sh", "-c", 'test "$TABLES_URL" = theirs && ! env | grep hunter2']


@pytest.mark.usefixtures("secrets")
async def test_a_guarded_program_has_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLES_URL", "theirs")
    async with guarded(SHOWS_NO_SECRET) as process:
        assert await process.wait() == 0


@pytest.mark.usefixtures("secrets")
async def test_an_environment_of_its_own_is_passed_as_it_is() -> None:
    async with guarded(SHOWS_NO_SECRET, env={"TABLES_URL": "theirs", "PATH": os.environ["PATH"]}) as process:
        assert await process.wait() == 0
    async with guarded(["sh", "-c", 'test "$OPENAI_API_KEY" = wanted'], env={"OPENAI_API_KEY": "wanted"}) as process:
        assert await process.wait() == 0
