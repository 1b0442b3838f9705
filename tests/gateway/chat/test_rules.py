from __future__ import annotations

import pytest

from codeforge_gateway.chat.rules import LOOKED_AT, TALK, WORK, is_work


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
    ],
)
def test_an_order_that_names_its_object_is_work(message: str) -> None:
    assert is_work(message)


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
    ],
)
def test_questions_and_talk_are_no_work(message: str) -> None:
    assert not is_work(message)


def test_only_the_beginning_of_a_long_message_is_looked_at() -> None:
    assert is_work("Fix the bug in octo/cat. " + "x" * 100_000)
    assert not is_work("Fix " + "x" * LOOKED_AT + " octo/cat")
    assert not is_work("please " * 20_000)


def test_both_answers_say_how_work_is_sent_to_the_background() -> None:
    for text in (TALK, WORK):
        assert "🔧 Background" in text
        assert "backgroundMode" in text
    assert "Analyse a repository" in TALK
    assert WORK.startswith("That is work for the background.")
