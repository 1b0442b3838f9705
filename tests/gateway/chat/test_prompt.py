from __future__ import annotations

from codeforge_common.store.conversations import Message, Role
from codeforge_gateway.chat.opening import MARK
from codeforge_gateway.chat.prompt import INSTRUCTIONS, Turn, prompt_of


def user(text: str) -> Message:
    return Message(role=Role.USER, content=text, at=1)


def model(text: str) -> Message:
    return Message(role=Role.ASSISTANT, content=text, at=1)


def test_what_was_said_before_comes_first() -> None:
    prompt = prompt_of([user("a"), model("b")], "c")
    assert prompt.turns == [Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b"), Turn(Role.USER, "c")]
    assert prompt.instructions == INSTRUCTIONS
    assert MARK in INSTRUCTIONS


def test_sides_take_turns_and_the_person_begins() -> None:
    history = [model("cut off"), user("a"), user(""), user("b"), model("c"), model("d")]
    assert prompt_of(history, "e").turns == [
        Turn(Role.USER, "a\n\nb"),
        Turn(Role.ASSISTANT, "c\n\nd"),
        Turn(Role.USER, "e"),
    ]


def test_an_answer_alone_is_no_beginning() -> None:
    assert prompt_of([model("a job is done")], "hello").turns == [Turn(Role.USER, "hello")]
