from __future__ import annotations

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import ANALYZE, CODE_GENERATION, ENHANCE, Request, RuleRouter
from codeforge_worker.agent.workflows import WORKFLOWS

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
    route = await RuleRouter().route(Request(message=message))
    assert route.workflow == workflow


async def test_a_word_inside_another_does_not_count() -> None:
    route = await RuleRouter().route(Request(message="The prefix of recreated makers"))
    assert (route.workflow, route.confidence) == (ANALYZE, 0.4)


async def test_new_code_for_a_repository_is_a_change_of_it() -> None:
    message = "Create a login page"
    assert (await RuleRouter().route(Request(message=message, has_repository=True))).workflow == ENHANCE
    assert (await RuleRouter().route(Request(message=message, has_repository=False))).workflow == CODE_GENERATION


@pytest.mark.parametrize("agent_type", ["analyze", "Analysis", "repo-analysis"])
async def test_an_explicit_agent_type_wins(agent_type: str) -> None:
    route = await RuleRouter().route(Request(message=README_TO_VIETNAMESE, agent_type=agent_type))
    assert (route.workflow, route.confidence) == (ANALYZE, 1.0)


@pytest.mark.parametrize("agent_type", [None, "", "auto", "agent_task"])
async def test_an_agent_type_that_decides_nothing_leaves_it_to_the_message(agent_type: str | None) -> None:
    route = await RuleRouter().route(Request(message=README_TO_VIETNAMESE, agent_type=agent_type))
    assert route.workflow == ENHANCE


async def test_an_unknown_agent_type_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(Fail) as failure:
        await RuleRouter().route(Request(message="Analyze", agent_type="poet"))
    assert failure.value.code == "unknown_agent_type"
    assert all(name in failure.value.message for name in WORKFLOWS)
    assert "poet" not in failure.value.message


async def test_the_reason_quotes_the_word() -> None:
    route = await RuleRouter().route(Request(message=README_TO_VIETNAMESE))
    assert route.reason == "The message asks to “update”."
