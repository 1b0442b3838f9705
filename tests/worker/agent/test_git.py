from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from codeforge_worker.agent.git import authorization, environment


def configured(*arguments: str, **variables: str) -> str:
    """What ``git config`` answers in the agent's environment."""
    command = ["git", "config", *arguments]
    return subprocess.check_output(command, env={**environment(), **variables}, cwd="/", text=True)


def test_nothing_of_the_worker_reaches_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "SECRETS_KEY", "GIT_TRACE", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_DIR", "LD_PRELOAD"):
        monkeypatch.setenv(name, "x")
    assert not {
        "OPENAI_API_KEY",
        "SECRETS_KEY",
        "GIT_TRACE",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "GIT_DIR",
        "LD_PRELOAD",
    } & set(environment())


def test_neither_the_machine_nor_a_user_configures_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n[credential]\n\thelper = store\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    listed = configured("--list", "--show-origin")
    assert "Somebody" not in listed
    assert {line.partition("\t")[0] for line in listed.splitlines()} == {
        f"file:{Path(environment()['GIT_CONFIG_GLOBAL'])}"
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("core.hooksPath", "/dev/null"),
        ("core.symlinks", "false"),
        ("credential.helper", ""),
        ("submodule.recurse", "false"),
        ("protocol.allow", "never"),
        ("safe.directory", "*"),
        ("filter.lfs.smudge", ""),
    ],
)
def test_its_configuration(name: str, value: str) -> None:
    assert configured("--get", name) == f"{value}\n"


def test_only_the_named_protocol_is_allowed(tmp_path: Path) -> None:
    for allowed, word in (("https", "not allowed"), ("file", "does not appear to be a git repository")):
        command = ["git", "ls-remote", f"file://{tmp_path}"]
        said = subprocess.run(
            command, env=environment(protocol=allowed), capture_output=True, text=True, cwd="/"
        ).stderr
        assert word in said


def test_the_token_is_configured_for_its_server_only() -> None:
    variables = authorization("t0ken", server="https://github.com")
    expected = "Authorization: Basic " + base64.b64encode(b"x-access-token:t0ken").decode()
    urls = {"https://github.com/ada/engine.git": f"{expected}\n", "https://github.com.evil.example/a/b": ""}
    for url, header in urls.items():
        command = ["git", "config", "--get-urlmatch", "http.extraHeader", url]
        env = {**environment(), **variables}
        assert subprocess.run(command, env=env, capture_output=True, text=True, cwd="/").stdout == header
    assert configured("--get", "http.followRedirects", **variables) == "false\n"
