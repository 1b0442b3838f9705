"""The fake is a witness: a call that GitHub doesn't take is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from codeforge_worker.agent.github.connection import VERSION
from tests.plugins.github_api import FakeGitHub
from tests.plugins.github_state import HostedRepository
from tests.worker.agent.github.conftest import TOKEN

HEADERS = {
    "Accept": "application/vnd.github+json",
    "Authorization": f"Bearer {TOKEN}",
    "User-Agent": "a test",
    "X-GitHub-Api-Version": VERSION,
}
PULLS = "/repos/ada/engine/pulls"
WANTED = {"title": "x", "head": "ada:main", "base": "main"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "fault"),
    [
        ("GET", "/user", {"X-GitHub-Api-Version": "1999-01-01"}, None, "header x-github-api-version"),
        ("GET", "/user", {"Authorization": "token x"}, None, "header authorization"),
        ("GET", "/user", {"Accept": "text/html"}, None, "header accept"),
        ("GET", "/users/ada", {}, None, "no such call"),
        ("POST", "/user", {}, {}, "no such call"),
        ("GET", "/user/repos?per_page=101", {}, None, "parameter per_page=101"),
        ("GET", "/user/repos?sort=size", {}, None, "parameter sort=size"),
        ("GET", f"{PULLS}?colour=red", {}, None, "parameter colour=red"),
        ("POST", PULLS, {}, {"title": "x", "base": "main"}, "no member head"),
        ("POST", PULLS, {}, {**WANTED, "draft": "yes"}, "member draft"),
        ("POST", PULLS, {}, {**WANTED, "labels": []}, "member labels"),
        ("POST", PULLS, {}, None, "no object as body"),
    ],
)
def test_a_call_with_a_fault(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: Any,
    fault: str,
    fake: FakeGitHub,
    engine: HostedRepository,
) -> None:
    answer = httpx2.request(method, f"{fake.api_url}{path}", headers={**HEADERS, **headers}, json=body)
    assert answer.status_code == 400
    assert fake.faults == [f"{method} {path.partition('?')[0]}: {fault}"]
    fake.faults.clear()
    assert fake.state.pull_requests == []
