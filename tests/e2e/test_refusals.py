"""What stands between a sentence and its pull request: each ends in words that say what it is, and pushes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.landing import NAME, TOKEN, TRANSLATING, Outside, ended, outside, record, said_in_the_chat, say
from tests.plugins.git_server import hook
from tests.plugins.house import House
from tests.plugins.waiting import wait_for

NOTHING = "Change nothing in my versace-landing repo, please update"
SCRIPT = {
    "rules": [
        {"when": {"anywhere": "Change nothing", "tools": ["write"]}, "answer": {"text": "There is nothing to do."}},
        *TRANSLATING["rules"],
    ]
}


@pytest.fixture(scope="session")
def house_broker(redis_url: str) -> str:
    """One kind of broker will do: what is shown here lies beyond it."""
    return redis_url


def furnish(world: Outside) -> None:
    """Repositories and tokens that are each wrong in one way."""
    state = world.github.state
    source = world.landing.path
    state.add_token("ghp_" + "Noscopeatall" * 3, login="zaikaman", scopes=())
    state.add_repository("zaikaman/archived", source=source).archived = True
    state.add_repository("someone/unforkable", source=source).allow_forking = False
    protected = state.add_repository("zaikaman/protected", source=source)
    hook(protected.path, refuses="refs/heads/codeforge/*", said="error: GH006: Protected branch update failed")
    taken = state.add_repository("zaikaman/taken", source=source)
    hook(taken.path, refuses="refs/heads/codeforge/*", said="error: cannot lock ref: reference already exists")


def sent(*, token: str = TOKEN, repository: str = NAME, message: str = "Translate README.md into Vietnamese") -> Any:
    return said_in_the_chat(f"{message} in {repository}", githubContext={"token": token, "username": "zaikaman"})


CASES = {
    "github_token_refused": sent(token="ghp_" + "Revokedlongago" * 3),
    "github_scope_missing": sent(token="ghp_" + "Noscopeatall" * 3),
    "repository_not_found": sent(repository="zaikaman/nothing"),
    "repository_archived": sent(repository="zaikaman/archived"),
    "fork_refused": sent(repository="someone/unforkable"),
    "branch_protected": sent(repository="zaikaman/protected"),
    "branch_conflict": sent(repository="zaikaman/taken"),
    "empty_diff": sent(message=NOTHING),
    "repository_required": said_in_the_chat("Update the readme of my nowhere repo"),
    "repository_ambiguous": said_in_the_chat("Update the readme of my other and versace-landing repos"),
}


@pytest.mark.timeout(300)
async def test_each_refusal(new_house: Callable[..., House], tmp_path: Path) -> None:
    with outside(tmp_path, script=SCRIPT) as world:
        furnish(world)
        house = new_house("gateway", "worker", **world.environment, WORKER_CONCURRENCY="4")
        jobs = {code: await say(house, body) for code, body in CASES.items()}
        records = {code: await ended(house, job_id) for code, job_id in jobs.items()}
        for code, job in records.items():
            assert job["status"] == "failed", (code, job)
            assert job["failedReason"].startswith(f"{code}: "), (code, job["failedReason"])
            assert job["attemptsMade"] == 1, code
            assert "ghp_" not in repr(job), code
        assert "zaikaman/other" in records["repository_required"]["failedReason"]
        assert NAME in records["repository_ambiguous"]["failedReason"]
        for code in ("branch_protected", "branch_conflict"):
            assert "+# Trang đích Versace" in records[code]["result"]["diff"], code
        assert world.github.state.pull_requests == []
        assert all(set(each.branches()) == {"main"} for each in world.github.state.repositories.values())

        reset = int(time.time()) + 1800
        world.github.limits(reset_at=reset)
        limited = await say(house, sent())
        await wait_for(lambda: world.github.count("GET /user") > 0, within=30, what="a call of GitHub")
        job = await record(house, limited)
        while job["status"] != "delayed":
            assert job["completedAt"] is None, job
            job = await record(house, limited)
        told = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(reset))
        assert any(f"used up until {told[:15]}" in line for line in job["logs"]), job["logs"]
        assert "used up" in repr(job["logs"])
