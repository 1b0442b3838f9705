from __future__ import annotations

import unicodedata

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.routing import ANALYZE, ANSWER, CODE_GENERATION, ENHANCE, RuleRouter, asked_for
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
async def test_the_first_order_decides(message: str, workflow: str) -> None:
    route = await RuleRouter().route(request(message))
    assert route.workflow == workflow


@pytest.mark.parametrize(
    "message",
    [
        "How does it work? Please add a test in zaikaman/versace-landing",
        "What is broken here, fix it in ada/engine",
        "What's wrong with the login of ada/engine and can you fix it?",
        "What I want: add a test to ada/engine",
        "Show me how it works and add a test to ada/engine",
        "Find and fix the bug in ada/engine",
        "List the TODOs of ada/engine, then remove them",
        "Check ada/engine and fix what is broken",
        "The health check of ada/engine fails; fix it",
        "I need an update of the readme in ada/engine",
        "Tại sao nó chậm? Hãy sửa lỗi trong ada/engine",
    ],
)
async def test_an_order_wins_over_the_questions_around_it(message: str) -> None:
    assert (await RuleRouter().route(request(message))).workflow == ENHANCE


@pytest.mark.parametrize(
    "message",
    [
        "How does the update mechanism of ada/engine work?",
        "Which files of ada/engine should I change?",
        "How do I add a test to ada/engine?",
        "Does ada/engine need an update?",
        "What would you improve in ada/engine?",
        "Explain the code in ada/engine",
        "Explain how to build ada/engine",
        "Suggest what to improve in ada/engine",
        "Làm thế nào để thêm test vào ada/engine?",
    ],
)
async def test_what_is_only_asked_about_is_no_order(message: str) -> None:
    route = await RuleRouter().route(request(message))
    assert (route.workflow, route.confidence) == (ANALYZE, 0.7)


@pytest.mark.parametrize(
    "message",
    ["What is a pull request?", "hello", "Hi there!", "Xin chào", "Can you help me?", "Explain recursion", "Thanks"],
)
async def test_a_question_or_a_greeting_without_a_repository_is_answered(message: str) -> None:
    assert (await RuleRouter().route(request(message))).workflow == ANSWER


async def test_a_question_about_the_repository_of_the_context_is_analysed() -> None:
    asked = request("What does it do?", context={"repository": "ada/engine"})
    assert (await RuleRouter().route(asked)).workflow == ANALYZE


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Analyze ada/engine", "The message asks to “analyze”."),
        ("Give me an analysis of ada/engine", "The message asks for an analysis."),
        ("How does ada/engine work?", "The message asks for no change, so its repository is analysed."),
        ("What is a branch?", "The message is a question or a greeting, and speaks of no repository."),
        ("Write a parser", "The message asks to “write”. It names no repository."),
    ],
)
async def test_the_reason_is_a_sentence(message: str, reason: str) -> None:
    assert (await RuleRouter().route(request(message))).reason == reason


async def test_accents_may_be_characters_of_their_own() -> None:
    message = unicodedata.normalize("NFD", "Cập nhật readme trong repo versace-landing")
    assert (await RuleRouter().route(request(message))).workflow == ENHANCE


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
