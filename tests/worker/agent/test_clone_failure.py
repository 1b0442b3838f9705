"""What can't be provoked on loopback; the rest is in test_clone.py with the real git."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.clone_failure import explain
from codeforge_worker.agent.repository import Repository, parse
from codeforge_worker.guard import KILLED
from codeforge_worker.settings import AgentSettings

GITHUB = Repository(url="https://github.com/a/b.git", label="a/b", protocol="https", takes_token=True)
OTHER = Repository(url="https://git.example.org/a/b", label="git.example.org/a/b", protocol="https")


def explained(said: str, *, code: int = 128, repository: Repository = GITHUB) -> Fail | Retry:
    return explain(said, code=code, repository=repository, branch=None, with_token=False)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("fatal: unable to access 'https://x/': server certificate verification failed.", "repository_untrusted"),
        ("fatal: https://x/info/refs not valid: is this a git repository?", "repository_not_found"),
        ("fatal: dumb http transport does not support shallow capabilities", "repository_not_found"),
        ("fatal: something that nobody has seen before in /srv/secret/place", "clone_failed"),
    ],
)
def test_what_no_other_attempt_would_change(said: str, code: str) -> None:
    failure = explained(said)
    assert isinstance(failure, Fail)
    assert failure.code == code
    assert "/srv" not in failure.message


def test_a_local_folder_that_is_no_repository_is_called_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "my notes").mkdir()
    (tmp_path / "my notes/list").touch()
    for name, message in {
        "my notes": "my notes is a folder, but no git repository.",
        "my notes/list": "list is a file, and no git repository.",
        "nothing": "nothing doesn't exist, or may not be read with what was sent.",
    }.items():
        repository = parse(str(tmp_path / name), settings=AgentSettings(agent_allow_local_repositories=True))
        failure = explained(f"fatal: '{tmp_path}/{name}' does not appear to be a git repository", repository=repository)
        assert isinstance(failure, Fail)
        assert (failure.code, failure.message) == ("repository_not_found", message)


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to access 'https://x/': Could not resolve host: x",
        "fatal: unable to access 'https://x/': Operation too slow. Less than 1 bytes/sec",
        "error: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: early EOF",
        "fatal: the remote end hung up unexpectedly",
        "fatal: write error: No space left on device",
    ],
)
def test_what_another_attempt_may_change(said: str) -> None:
    assert isinstance(explained(said), Retry)


def test_a_git_that_was_killed_is_tried_again() -> None:
    assert isinstance(explained("", code=KILLED), Retry)


def test_another_server_s_password_is_never_asked_for() -> None:
    failure = explained("fatal: could not read Username for 'https://x': terminal prompts disabled", repository=OTHER)
    assert isinstance(failure, Fail)
    assert failure.code == "repository_needs_credentials"
    assert "githubContext" not in failure.message
