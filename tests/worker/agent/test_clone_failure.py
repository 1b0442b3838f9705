"""What can't be provoked on loopback; the rest is in test_clone.py with the real git."""

from __future__ import annotations

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.clone_failure import explain
from codeforge_worker.agent.repository import Repository
from codeforge_worker.guard import KILLED

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
