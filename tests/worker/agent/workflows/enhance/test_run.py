"""From a sentence to a pull request, by a model that a test has written."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_common.secrets import redact
from codeforge_worker.agent.models import Budget, Turn
from tests.plugins.github_api import FakeGitHub
from tests.plugins.github_state import HostedRepository, run_git
from tests.worker.agent.fake_model import FakeModel, says
from tests.worker.agent.git_repository import GitRepository
from tests.worker.agent.kept_steps import Died
from tests.worker.agent.workflows.enhance.conftest import (
    NAME,
    PLAN,
    SAID,
    SENTENCE,
    TOKEN,
    VIETNAMESE,
    Job,
    translating,
)

BRANCH = "codeforge/job_0test"


async def test_the_seed_sentence(a_job: Job, fake: FakeGitHub, landing: HostedRepository) -> None:
    model = translating()
    result = await a_job.attempt(model, context={"githubContext": {"username": "Zai", "email": "zai@example.org"}})
    [opened] = fake.state.pull_requests
    assert (opened.label, opened.base, opened.title) == (f"zaikaman:{BRANCH}", "main", PLAN.title)
    assert SENTENCE in opened.body
    assert run_git("show", f"{BRANCH}:README.md", cwd=landing.path) == VIETNAMESE
    assert run_git("log", "-1", "--format=%an %ae %at %ct", BRANCH, cwd=landing.path).split() == [
        "Zai", "zai@example.org", "1767312000", "1767312000"
    ]  # fmt: skip
    assert result["workflow"] == "enhance"
    assert result["pullRequest"]["url"].endswith("/zaikaman/versace-landing/pull/1")
    assert result["pullRequest"]["branch"] == BRANCH
    assert result["files"] == [{"path": "README.md", "status": "modified", "additions": 2, "deletions": 2}]
    assert result["diff"].startswith("diff --git a/README.md b/README.md\n")
    assert result["result"].startswith(SAID)
    assert result["pullRequest"]["url"] in result["result"]
    assert result["usage"]["calls"] == model.calls == 4
    assert result["usage"]["cost"] == 0.004
    assert result["repository"] == NAME
    assert json.loads(json.dumps(result)) == result


async def test_the_log_and_the_output(a_job: Job, landing: HostedRepository) -> None:
    await a_job.attempt(translating())
    logs = a_job.notes.logs
    assert logs[:2] == [
        f"Repository: {NAME}. The message speaks of versace-landing, which the token's user may push to.",
        "Cloning repository...",
    ]
    assert logs[2:6] == [
        f"Plan: {PLAN.title}", "Processing files...", "Reading README.md", "Writing README.md"
    ]  # fmt: skip
    assert "".join(a_job.notes.outputs).split("\n\n") == ["I look around.", SAID, ""]
    percents = [percent for percent, _ in a_job.notes.progresses]
    assert percents == sorted(percents)


async def test_each_step_is_named_and_the_conversation_private(a_job: Job, landing: HostedRepository) -> None:
    await a_job.attempt(translating())
    assert list(a_job.steps.kept) == [
        "repository", "destination", "base", "plan", "edit-1", "edit-2", "edit-3", "check", "commit", "push",
        "pull-request",
    ]  # fmt: skip
    assert a_job.steps.private == {"edit-1", "edit-2", "edit-3"}


async def test_the_model_is_offered_five_tools_and_no_secret(a_job: Job, landing: HostedRepository) -> None:
    model = translating()
    await a_job.attempt(model)
    assert [tool.name for tool in model.offered[0]] == ["list", "read", "search", "write", "replace"]
    assert TOKEN not in repr(model.heard) + repr(model.questions)
    assert r"1\t# Versace landing" in model.heard[1]


async def test_without_a_token_the_diff_is_the_result(
    a_job: Job, source: GitRepository, fake: FakeGitHub, tmp_path: Path
) -> None:
    result = await a_job.attempt(translating(), token=None, context={"repository": str(source.path)})
    assert result["pullRequest"] is None
    assert "git apply" in result["result"]
    subprocess.run(["git", "apply", "--check", "-"], cwd=source.path, input=result["diff"].encode(), check=True)
    assert fake.calls == []
    assert list(a_job.steps.kept)[-1] == "check"


async def test_a_user_who_may_not_push_gets_a_fork(a_job: Job, fake: FakeGitHub, landing: HostedRepository) -> None:
    fake.state.add_token(other := "ghp_bobsverysecret", login="bob")
    result = await a_job.attempt(translating(), token=other, context={"repository": NAME})
    [opened] = fake.state.pull_requests
    assert (opened.label, opened.repository.full_name) == (f"bob:{BRANCH}", NAME)
    assert result["pullRequest"]["fork"] == "bob/versace-landing"
    assert BRANCH not in landing.branches()


async def test_a_model_that_changes_nothing(a_job: Job, fake: FakeGitHub, landing: HostedRepository) -> None:
    model = FakeModel(says("It is Vietnamese already."), says("There is nothing to do."), outputs=[PLAN])
    with pytest.raises(Fail) as failure:
        await a_job.attempt(model)
    assert failure.value.code == "empty_diff"
    assert "There is nothing to do." in failure.value.message
    assert model.heard[1].count("Nothing is changed.") == 1
    assert fake.git.pushes == 0


async def test_one_round_of_repair(a_job: Job, fake: FakeGitHub, landing: HostedRepository) -> None:
    broken = says("", ("write", {"path": "package.json", "content": '{"name": }\n'}))
    mended = says("", ("write", {"path": "package.json", "content": '{"name": "versace"}\n'}))
    model = FakeModel(broken, says("Done."), mended, says("Mended."), outputs=[PLAN])
    result = await a_job.attempt(model)
    assert "package.json" in model.heard[2]
    assert "can't be taken as it is" in model.heard[2]
    assert result["result"].startswith("Mended.")
    assert [file["path"] for file in result["files"]] == ["package.json"]
    assert "check-again" in a_job.steps.kept


async def test_a_change_that_stays_faulty_keeps_its_diff(
    a_job: Job, fake: FakeGitHub, landing: HostedRepository
) -> None:
    broken = says("", ("write", {"path": "package.json", "content": '{"name": }\n'}))
    model = FakeModel(broken, says("Done."), says("I can't."), outputs=[PLAN])
    with pytest.raises(Fail) as failure:
        await a_job.attempt(model)
    assert failure.value.code == "change_refused"
    assert "package.json" in failure.value.message
    assert '+{"name": }' in failure.value.result["diff"]
    assert failure.value.result["usage"]["calls"] == 4
    assert fake.git.pushes == 0


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"calls_max": 3}, "model_call_limit"),
        ({"tokens_max": 330}, "token_limit"),
        ({"seconds_max": -1}, "time_limit"),
    ],
)
async def test_a_limit_stops_it_with_what_it_has(
    limits: dict[str, float], code: str, a_job: Job, landing: HostedRepository
) -> None:
    budget = Budget(**{"calls_max": 100, "tokens_max": 10_000, "seconds_max": 3600, **limits})  # type: ignore[arg-type]
    with pytest.raises(Fail) as failure:
        await a_job.attempt(translating(), budget=budget)
    assert failure.value.code == code
    if code != "time_limit":
        assert failure.value.result["files"][0]["path"] == "README.md"
        assert failure.value.result["usage"]["calls"] == 3


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (("shell", {"command": "id"}), "there is no tool shell"),
        (("read", None), "the arguments are no JSON object"),
        (("read", {}), "path: Field required"),
        (("read", {"path": "../../etc/passwd"}), "Refused"),
        (("write", {"path": ".git/config", "content": "x"}), "Refused"),
        (("write", {"path": ".github/workflows/x.yml", "content": "on: push"}), "Refused"),
    ],
)
async def test_a_call_that_cannot_be_served_is_answered(
    call: tuple[str, dict[str, str] | None], answer: str, a_job: Job, landing: HostedRepository
) -> None:
    change = says("", ("write", {"path": "README.md", "content": VIETNAMESE}))
    model = FakeModel(says("", call), change, says(SAID), outputs=[PLAN])
    await a_job.attempt(model)
    assert answer in model.heard[1]


async def test_a_renamed_repository_is_taken_under_its_present_name(
    a_job: Job, fake: FakeGitHub, landing: HostedRepository
) -> None:
    fake.state.renamed["zaikaman/old-landing"] = NAME
    result = await a_job.attempt(translating(), context={"repository": "zaikaman/old-landing"})
    assert result["repository"] == NAME
    assert fake.state.pull_requests[0].repository.full_name == NAME


async def test_a_pull_request_that_is_refused_tells_where_the_change_is(
    a_job: Job, fake: FakeGitHub, landing: HostedRepository
) -> None:
    fake.fails(422, "Validation Failed", calls="POST .*/pulls")
    with pytest.raises(Fail) as failure:
        await a_job.attempt(translating())
    told = failure.value.result["result"]
    assert told.startswith(f"The change is on the branch {BRANCH} of {NAME};")
    assert failure.value.result["files"]


async def test_a_later_attempt_that_fails_keeps_the_diff_too(
    a_job: Job, fake: FakeGitHub, landing: HostedRepository
) -> None:
    fake.fails(500, calls="POST .*/pulls", times=1)
    with pytest.raises(Retry):
        await a_job.attempt(translating())
    fake.fails(422, "Validation Failed", calls="POST .*/pulls")
    with pytest.raises(Fail) as failure:
        await a_job.attempt(FakeModel())
    assert failure.value.result["files"][0]["path"] == "README.md"


async def test_the_last_attempt_keeps_what_there_is(a_job: Job, landing: HostedRepository) -> None:
    write = says("", ("write", {"path": "README.md", "content": VIETNAMESE}))
    away = Retry(after=60, reason="The provider is away.")
    with pytest.raises(Retry):
        await a_job.attempt(FakeModel(write, away, outputs=[PLAN]))
    with pytest.raises(Fail) as failure:
        await a_job.attempt(FakeModel(away), number=3)
    assert (failure.value.code, failure.value.message) == ("attempts_used_up", "The provider is away.")
    assert failure.value.result["files"][0]["path"] == "README.md"


async def test_a_pull_request_that_was_closed_by_hand_is_told_as_closed(
    a_job: Job, fake: FakeGitHub, landing: HostedRepository
) -> None:
    with pytest.raises(Died):
        await a_job.attempt(translating(), dies_at="pull-request")
    fake.state.pull_requests[0].state = "closed"
    result = await a_job.attempt(FakeModel())
    assert result["summary"].endswith("pull request 1 is closed.")
    assert "It is closed." in result["result"]


async def test_a_message_that_was_cut_is_told_whole(a_job: Job, landing: HostedRepository) -> None:
    write = says("", ("write", {"path": "README.md", "content": VIETNAMESE}))
    cut = Turn(text="README.md is in ", calls=[], finished=False)
    result = await a_job.attempt(FakeModel(write, cut, says("Vietnamese now."), outputs=[PLAN]))
    assert result["result"].startswith("README.md is in Vietnamese now.\n")


async def test_what_looks_like_a_credential_stands_in_the_way_of_no_patch(
    a_job: Job, source: GitRepository, fake: FakeGitHub
) -> None:
    source.commit({"README.md": "# App\n\nIt runs at postgres://app:secretword@host/app\n\nThe end.\n"})
    change = says("", ("replace", {"path": "README.md", "old": "The end.", "new": "Das Ende."}))
    model = FakeModel(change, says("Done."), outputs=[PLAN])
    result = await a_job.attempt(model, token=None, context={"repository": str(source.path)})
    shown = redact(result["diff"])
    assert "secretword" not in shown
    assert "# +Das Ende." in shown
    subprocess.run(["git", "apply", "--check", "-"], cwd=source.path, input=shown.encode(), check=True)


async def test_answers_of_one_turn_have_a_limit(
    a_job: Job, landing: HostedRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codeforge_worker.agent.workflows.enhance.turns.ANSWERS_BYTES", 10)
    looks = says("", ("read", {"path": "README.md"}), ("read", {"path": "index.html"}))
    change = says("", ("write", {"path": "README.md", "content": VIETNAMESE}))
    model = FakeModel(looks, change, says(SAID), outputs=[PLAN])
    await a_job.attempt(model)
    assert "this turn's answers are full" in model.heard[1]
    assert "<h1>" not in model.heard[1]


@pytest.mark.parametrize(
    "calls",
    [
        [("write", {"path": "a.txt", "content": "x" * 400_000})],
        [("list", {"path": f"{number}"}) for number in range(3000)],
        [("write", {"path": f"{number}.txt", "content": "\x01" * 9000}) for number in range(40)],
        [("read", {"path": "controls.txt"})] * 5,
    ],
    ids=["a large argument", "many calls", "many arguments", "answers that grow as JSON"],
)
async def test_a_turn_stays_below_what_a_step_may_have(
    calls: list[tuple[str, dict[str, str]]], a_job: Job, source: GitRepository, fake: FakeGitHub
) -> None:
    source.commit({"controls.txt": "\x01" * 29_000})
    fake.state.add_repository(NAME, source=source.path)
    change = says("", ("write", {"path": "README.md", "content": VIETNAMESE}))
    model = FakeModel(says("", *calls), change, says(SAID), outputs=[PLAN])
    await a_job.attempt(model)
    assert len(a_job.steps.kept["edit-1"].encode()) < 200 * 1024
    assert re.search("a turn has at most 50|calls of a turn have 72 KiB|answers are full", model.heard[1])
