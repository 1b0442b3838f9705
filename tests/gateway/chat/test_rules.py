from __future__ import annotations

import unicodedata

import pytest

from codeforge_gateway.chat.rules import LOOKED_AT, NEEDS_A_MODEL, TALK, WORK, Work, without_a_model, work_in


@pytest.mark.parametrize(
    "message",
    [
        "Update my readme to Vietnamese version in versace-landing repo",
        "Please review my code",
        "Fix the bug in octo/cat",
        "analyze https://github.com/octo/cat",
        "Analyse octo/cat",
        "Hi there! Could you please refactor the payment module?",
        "Can you add tests to octo/cat?",
        "I'd like you to translate README.md into French",
        "hey, implement dark mode in our landing page",
        "create a pull request that bumps the dependencies",
        "I want you to migrate the api to Python 3.13",
        "Write tests for src/app/main.py",
        "please upgrade all dependencies",
        "Let's rename main.go",
        "Cập nhật readme sang tiếng Việt trong repo versace-landing",
        "Hãy sửa lỗi trong octo/cat",
        "Bạn có thể dịch README.md giúp tôi không?",
        "Xin chào, vui lòng thêm test cho dự án này",
        "phân tích kho mã này",
    ],
)
def test_an_order_that_names_its_object_is_work(message: str) -> None:
    assert work_in(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Hello there",
        "What is a pull request?",
        "what's a branch",
        "How do I fix the bug in my repo?",
        "Why does octo/cat need Python 3.11?",
        "Can you open pull requests?",
        "Could you tell me what a repository is?",
        "Explain my code",
        "Is my repository private?",
        "Write a function that reverses a string",
        "Write me a haiku about branches and/or bugs",
        "Does the review take long?",
        "Thanks, that was the readme I wanted",
        "Check",
        "Xin chào",
        "Làm thế nào để sửa lỗi trong repo của tôi?",
        "Dịch là gì?",
        "Viết một bài thơ về mùa thu",
    ],
)
def test_questions_and_talk_are_no_work(message: str) -> None:
    assert work_in(message) is None


@pytest.mark.parametrize(
    ("message", "work"),
    [
        ("Analyse octo/cat and fix what you find", Work.ANALYSIS),
        ("Please review my code", Work.ANALYSIS),
        ("Check octo/cat for unit tests", Work.ANALYSIS),
        ("Check octo/cat and fix what is broken", Work.CHANGE),
        ("Phân tích octo/cat", Work.ANALYSIS),
        ("Update the readme of octo/cat after a review", Work.CHANGE),
        ("Write tests for octo/cat", Work.CHANGE),
    ],
)
def test_an_analysis_is_told_from_a_change(message: str, work: Work) -> None:
    assert work_in(message) is work


def test_accents_may_be_characters_of_their_own() -> None:
    assert work_in(unicodedata.normalize("NFD", "Cập nhật readme trong repo versace-landing")) is Work.CHANGE


def test_only_the_beginning_of_a_long_message_is_looked_at() -> None:
    assert work_in("Fix the bug in octo/cat. " + "x" * 100_000)
    assert not work_in("Fix " + "x" * LOOKED_AT + " octo/cat")
    assert not work_in("please " * 20_000)


@pytest.mark.parametrize("text", [TALK, WORK, NEEDS_A_MODEL])
def test_every_answer_says_how_work_is_sent_to_the_background(text: str) -> None:
    assert "🔧 Background" in text
    assert "backgroundMode" in text


@pytest.mark.parametrize("text", [TALK, NEEDS_A_MODEL])
def test_without_a_model_only_analyses_are_promised(text: str) -> None:
    assert text.startswith("No model is configured for this chat (`AGENT_MODEL`)")
    assert "in the worker" in text


def test_each_kind_of_work_has_its_answer_without_a_model() -> None:
    assert [without_a_model(work) for work in (Work.ANALYSIS, Work.CHANGE, None)] == [WORK, NEEDS_A_MODEL, TALK]
