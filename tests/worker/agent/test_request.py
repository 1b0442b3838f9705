from __future__ import annotations

from typing import Any

import pytest

from tests.worker.agent.tasks import request


@pytest.mark.parametrize(
    ("context", "branch"), [({}, None), ({"branch": None}, None), ({"branch": " "}, None), ({"branch": " x "}, "x")]
)
def test_the_branch(context: dict[str, Any], branch: str | None) -> None:
    assert request(context=context).branch == branch


def test_the_token() -> None:
    assert request().token is None
    assert request(token="t0ken").token == "t0ken"


def test_whoever_asks() -> None:
    asked = request(context={"githubContext": {"username": "ada", "email": None}})
    assert (asked.github_context("username"), asked.github_context("email")) == ("ada", None)
    assert request(context={"githubContext": None}).github_context("username") is None


@pytest.mark.parametrize(
    ("message", "context", "speaks"),
    [
        ("Write a parser", {}, False),
        ("Write a parser", {"repository": "ada/engine"}, True),
        ("Write a parser for ada/engine", {}, True),
        ("Write a parser in my engine repo", {}, True),
    ],
)
def test_whether_it_speaks_of_a_repository(message: str, context: dict[str, Any], speaks: bool) -> None:
    assert request(message, context=context).has_repository is speaks


def test_files_bound_the_change() -> None:
    scope = request(context={"files": ["README.md"]}).scope
    assert scope.files == ("README.md",)
    assert request("Change only README.md").scope.files == ("README.md",)
