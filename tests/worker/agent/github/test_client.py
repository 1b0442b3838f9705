from __future__ import annotations

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.github import client
from codeforge_worker.agent.github.client import GitHub, github
from codeforge_worker.settings import AgentSettings
from tests.plugins.github_api import FakeGitHub
from tests.plugins.github_state import HostedRepository
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.github.conftest import BOBS_TOKEN


@pytest.mark.parametrize(("given", "scopes"), [(("repo", "gist"), ["gist", "repo"]), ((), []), (None, None)])
async def test_whose_token_it_is(
    given: tuple[str, ...] | None, scopes: list[str] | None, fake: FakeGitHub, settings: AgentSettings
) -> None:
    fake.state.add_token("ghp_another", login="eve", scopes=given)
    async with github(token="ghp_another", settings=settings) as opened:
        user = await opened.user()
    assert (user.login, user.scopes) == ("eve", scopes)
    assert user.noreply(server="github.com") == f"{user.id}+eve@users.noreply.github.com"


async def test_a_token_that_is_refused(fake: FakeGitHub, settings: AgentSettings) -> None:
    async with github(token="ghp_wrong", settings=settings) as opened:
        with pytest.raises(Fail) as failure:
            await opened.user()
    assert failure.value.code == "github_token_refused"


async def test_a_repository(adas: GitHub, bobs: GitHub) -> None:
    own, others = await adas.repository("ada/engine"), await bobs.repository("ada/engine")
    assert (own.full_name, own.default_branch, own.archived, own.private) == ("ada/engine", "main", False, False)
    assert own.permissions.push
    assert not others.permissions.push


@pytest.mark.parametrize("name", ["ada/nothing", "ada/secret"])
async def test_a_repository_that_is_not_there_or_not_seen(name: str, bobs: GitHub, fake: FakeGitHub) -> None:
    fake.state.add_repository("ada/secret", private=True)
    with pytest.raises(Fail) as failure:
        await bobs.repository(name)
    assert str(failure.value) == f"repository_not_found: {name} doesn't exist, or the token may not see it."


async def test_the_repositories_that_may_be_pushed_to(adas: GitHub, fake: FakeGitHub) -> None:
    for name in ("ada/mill", "eve/shared", "eve/other", "eve/read"):
        fake.state.add_repository(name)
    fake.state.repositories["eve/shared"].writers.add("ada")
    fake.state.repositories["eve/read"].readers.add("ada")
    assert sorted(await adas.pushable()) == ["ada/engine", "ada/mill", "eve/shared"]


@pytest.mark.parametrize(("most", "names"), [(10, 5), (2, 4)])
async def test_pages_are_read_up_to_a_bound(
    most: int, names: int, adas: GitHub, fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    monkeypatch.setattr(client, "MOST_PAGES", most)
    for number in range(4):
        fake.state.add_repository(f"ada/part-{number}")
    assert len(set(await adas.pushable())) == names
    assert fake.count("GET /user/repos") == (names + 1) // 2


async def test_the_tip_of_a_branch(adas: GitHub, fake: FakeGitHub, repository: GitRepository) -> None:
    fake.state.add_repository("ada/void")
    assert await adas.tip("ada/engine", "main") == repository.git("rev-parse", "HEAD").decode().strip()
    assert await adas.tip("ada/engine", "codeforge/job_1") is None
    assert await adas.tip("ada/void", "main") is None


async def test_a_filter_that_github_ignores_finds_no_other_pull_request(
    adas: GitHub, engine: HostedRepository, repository: GitRepository
) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit({"x": "x"})
    repository.git("push", "--quiet", str(engine.path), "feature")
    opened = await adas.open_pull_request(
        "ada/engine", head="ada:feature", base="main", title="x" * 999, body="y" * 99_999
    )
    assert opened.number == 1
    assert await adas.pull_request("ada/engine", head="feature") is None
    assert await adas.pull_request("ada/engine", head="Ada:feature") == opened


@pytest.mark.parametrize(
    ("head", "base", "code"),
    [
        ("ada:main", "main", "pull_request_empty"),
        ("ada:nowhere", "main", "github_refused"),
        ("ada:main", "nowhere", "github_refused"),
    ],
)
async def test_a_pull_request_that_is_not_valid(head: str, base: str, code: str, adas: GitHub) -> None:
    with pytest.raises(Fail) as failure:
        await adas.open_pull_request("ada/engine", head=head, base=base, title="x", body="y")
    assert failure.value.code == code


async def test_a_fork_is_waited_for(bobs: GitHub, fake: FakeGitHub) -> None:
    fake.state.fork_delay = 2
    fork = await bobs.fork("ada/engine")
    assert fork.full_name == "bob/engine"
    assert fake.count("GET /repos/bob/engine/git/ref/heads/main") == 3


async def test_a_fork_that_takes_too_long_is_looked_for_later(bobs: GitHub, fake: FakeGitHub) -> None:
    fake.state.fork_delay = 1_000_000
    with pytest.raises(Retry) as failure:
        await bobs.fork("ada/engine", within=0.1)
    assert failure.value.after == 60
    assert failure.value.reason == "GitHub is still making the fork bob/engine."


async def test_a_fork_is_told_from_another_repository_of_its_name(
    bobs: GitHub, fake: FakeGitHub, engine: HostedRepository
) -> None:
    assert await bobs.fork_of("ada/engine", owner="bob") is None
    fake.state.fork(fake.state.add_repository("eve/engine"), owner="bob")
    assert await bobs.fork_of("ada/engine", owner="bob") is None
    assert (await bobs.fork("ada/engine")).full_name == "bob/engine-1"


async def test_a_repository_that_may_not_be_forked(bobs: GitHub, engine: HostedRepository) -> None:
    engine.allow_forking = False
    with pytest.raises(Fail) as failure:
        await bobs.fork("ada/engine")
    assert failure.value.code == "fork_refused"


@pytest.mark.parametrize(
    ("scopes", "needed"), [(("gist",), "it needs public_repo or repo"), (None, "It needs pull_requests=write")]
)
async def test_a_token_that_may_not_fork(
    scopes: tuple[str, ...] | None, needed: str, engine: HostedRepository, fake: FakeGitHub, settings: AgentSettings
) -> None:
    fake.state.add_token(BOBS_TOKEN, login="bob", scopes=scopes, writes=False)
    async with github(token=BOBS_TOKEN, settings=settings) as opened:
        with pytest.raises(Fail, match=needed) as failure:
            await opened.fork("ada/engine")
    assert failure.value.code == "github_scope_missing"


async def test_rate_limits_tell_when_to_come_back(adas: GitHub, fake: FakeGitHub) -> None:
    fake.pauses(seconds=120)
    with pytest.raises(Retry, match="secondary rate limit is used up until") as failure:
        await adas.user()
    assert failure.value.after == 120
    fake.troubles.clear()
    fake.limits(reset_at=4_000_000_000)
    with pytest.raises(Retry, match="rate limit for this token is used up until"):
        await adas.user()


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_github_in_trouble(status: int, adas: GitHub, fake: FakeGitHub) -> None:
    fake.fails(status, "We had issues producing the response to your request.", times=1)
    with pytest.raises(Retry, match=f"it answered {status} when asked to tell whose token it is"):
        await adas.user()
    assert (await adas.user()).login == "ada"
