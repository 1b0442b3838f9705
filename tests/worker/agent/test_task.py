from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import ANALYZE, Route
from codeforge_worker.agent.task import Task
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.job import Notes, job

ROUTE = Route(workflow=ANALYZE, reason="", confidence=1)


def task(*candidates: str, context: dict[str, Any] | None = None, token: str | None = None) -> Task:
    ctx = job(Path("/nonexistent"), notes=Notes(), context=context, token=token)
    return Task(ctx=ctx, settings=AgentSettings(), route=ROUTE, candidates=candidates)


def test_the_one_that_is_named() -> None:
    assert task("ada/engine").repository.label == "ada/engine"


def test_none_is_named() -> None:
    with pytest.raises(Fail, match="repository_required"):
        _ = task().repository


@pytest.mark.parametrize(
    ("candidates", "listed"),
    [
        (["ada/engine", "ada/mill"], "several repositories (ada/engine, ada/mill);"),
        (["https://user:s3cret@example.org/a", "/srv/private"], "several repositories;"),
    ],
)
def test_several_are_named(candidates: Sequence[str], listed: str) -> None:
    with pytest.raises(Fail) as failure:
        _ = task(*candidates).repository
    assert failure.value.code == "repository_ambiguous"
    assert listed in failure.value.message


@pytest.mark.parametrize(
    ("context", "branch"), [({}, None), ({"branch": ""}, None), ({"branch": 3}, None), ({"branch": "x"}, "x")]
)
def test_the_branch(context: dict[str, Any], branch: str | None) -> None:
    assert task(context=context).branch == branch


def test_the_token() -> None:
    assert task().token is None
    assert task(token="t0ken").token == "t0ken"
