from __future__ import annotations

import json

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.github.client import GitHub, github
from codeforge_worker.agent.github.destination import Destination, branch_of, destination
from codeforge_worker.settings import AgentSettings
from tests.plugins.github_api import FakeGitHub
from tests.plugins.github_state import HostedRepository


async def test_it_survives_as_a_step(adas: GitHub, fake: FakeGitHub) -> None:
    fake.state.renamed["ada/motor"] = "ada/engine"
    found = await destination(adas, "ada/motor")
    assert (found.repository, found.base, found.may_push, found.user.login) == ("ada/engine", "main", True, "ada")
    assert Destination.model_validate(json.loads(json.dumps(found.as_json()))) == found


async def test_who_may_not_push_gets_a_fork(bobs: GitHub, engine: HostedRepository) -> None:
    assert not (await destination(bobs, "ada/engine")).may_push
    engine.allow_forking = False
    with pytest.raises(Fail) as failure:
        await destination(bobs, "ada/engine")
    assert str(failure.value) == "fork_refused: ada/engine may not be forked, and bob may not push to it."


async def test_an_archived_repository_is_refused_before_any_work(adas: GitHub, engine: HostedRepository) -> None:
    engine.archived = True
    with pytest.raises(Fail) as failure:
        await destination(adas, "ada/engine")
    assert str(failure.value) == "repository_archived: ada/engine is archived, so nothing can be changed there."


@pytest.mark.parametrize(
    ("scopes", "private", "needed"),
    [
        (("repo",), True, None),
        (("public_repo",), False, None),
        (None, True, None),
        (("gist",), False, "repo or public_repo"),
        ((), False, "repo or public_repo"),
    ],
)
async def test_the_scopes_of_a_classic_token(
    scopes: tuple[str, ...] | None,
    private: bool,
    needed: str | None,
    engine: HostedRepository,
    fake: FakeGitHub,
    settings: AgentSettings,
) -> None:
    engine.private = private
    fake.state.add_token("ghp_another", login="ada", scopes=scopes)
    async with github(token="ghp_another", settings=settings) as opened:
        if needed is None:
            assert (await destination(opened, "ada/engine")).may_push
            return
        with pytest.raises(Fail) as failure:
            await destination(opened, "ada/engine")
    sentence = f"The token lacks a scope: to change ada/engine it needs {needed}."
    assert str(failure.value) == f"github_scope_missing: {sentence}"


def test_a_job_has_a_branch_of_its_own() -> None:
    assert branch_of("job_0abc") == "codeforge/job_0abc"
