from __future__ import annotations

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import ANALYZE, CODE_GENERATION, ENHANCE, RuleRouter, asked_for
from codeforge_worker.agent.workflows import WORKFLOWS
from tests.worker.agent.tasks import request

README_TO_VIETNAMESE = "Update my readme to Vietnamese version in versace-landing repo"


@pytest.mark.parametrize(
    ("message", "workflow"),
    [
        ("Analyze ada/engine", ANALYZE),
        ("Please review this and suggest what to improve", ANALYZE),
        ("What does this repository do?", ANALYZE),
        ("Give me an analysis of the update mechanism", ANALYZE),
        ("Phân tích kho mã này", ANALYZE),
        ("versace-landing", ANALYZE),
        (README_TO_VIETNAMESE, ENHANCE),
        ("Could you fix the failing build?", ENHANCE),
        ("cập nhật tài liệu", ENHANCE),
        ("Write a function that sorts words", CODE_GENERATION),
    ],
)
async def test_the_first_word_that_asks_for_something_decides(message: str, workflow: str) -> None:
    route = await RuleRouter().route(request(message))
    assert route.workflow == workflow


async def test_a_word_inside_another_does_not_count() -> None:
    route = await RuleRouter().route(request("The prefix of recreated makers"))
    assert (route.workflow, route.confidence) == (ANALYZE, 0.4)


@pytest.mark.parametrize(
    ("message", "context"),
    [
        ("Create a login page", {"repository": "ada/engine"}),
        ("Create a login page in ada/engine", {}),
        ("Create a login page in my versace-landing repo", {}),
    ],
)
async def test_new_code_for_a_repository_is_a_change_of_it(message: str, context: dict[str, str]) -> None:
    assert (await RuleRouter().route(request(message, context=context))).workflow == ENHANCE


@pytest.mark.parametrize("agent_type", ["analyze", "Analysis", "repo-analysis"])
def test_an_explicit_agent_type_wins(agent_type: str) -> None:
    route = asked_for(agent_type)
    assert route is not None
    assert (route.workflow, route.confidence) == (ANALYZE, 1.0)


@pytest.mark.parametrize("agent_type", [None, "", "auto", "agent_task"])
def test_an_agent_type_that_decides_nothing_leaves_it_to_the_router(agent_type: str | None) -> None:
    assert asked_for(agent_type) is None


def test_an_unknown_agent_type_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(Fail) as failure:
        asked_for("poet")
    assert failure.value.code == "unknown_agent_type"
    assert all(name in failure.value.message for name in WORKFLOWS)
    assert "poet" not in failure.value.message
