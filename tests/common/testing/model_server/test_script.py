from __future__ import annotations

from typing import Any

import pytest

from codeforge_common.testing.model_server.question import Question, from_chat_completions, from_messages
from codeforge_common.testing.model_server.script import Script


def question(**facts: Any) -> Question:
    usual: dict[str, Any] = {
        "model": "scripted",
        "message": "translate it",
        "everything": "be kind\ntranslate it\n# Title",
        "tools": ("read", "write"),
        "output_tool": None,
        "tool_answers": 2,
        "turns": 1,
        "stream": False,
        "include_usage": False,
    }
    return Question(**{**usual, **facts})


def test_answers_are_taken_in_order_and_then_there_are_none() -> None:
    script = Script([{"text": "1"}, {"text": "2"}])
    assert [script.answer(question()).get("text") for _ in range(3)] == ["1", "2", None]
    assert script.answer(question())["status"] == 400


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({}, True),
        ({"message": "translate"}, True),
        ({"message": "Title"}, False),
        ({"anywhere": "Title"}, True),
        ({"tools": ["read"]}, True),
        ({"tools": ["read", "push"]}, False),
        ({"tools": []}, False),
        ({"toolAnswers": 2}, True),
        ({"toolAnswers": 0}, False),
        ({"turns": 1}, True),
        ({"turns": 2, "message": "translate"}, False),
    ],
)
def test_a_rule_fits_when_all_of_it_does(when: dict[str, Any], fits: bool) -> None:
    script = Script({"rules": [{"when": when, "answer": {"text": "rule"}}], "answers": [{"text": "next"}]})
    assert script.answer(question())["text"] == ("rule" if fits else "next")


def test_a_rules_answers_are_used_up_and_its_answer_is_not() -> None:
    script = Script(
        {
            "rules": [
                {"when": {"message": "it"}, "answers": [{"text": "a"}, {"text": "b"}]},
                {"when": {"message": "it"}, "answer": {"text": "c"}},
            ]
        }
    )
    assert [script.answer(question())["text"] for _ in range(4)] == ["a", "b", "c", "c"]


@pytest.mark.parametrize(
    "script",
    [
        {"answer": []},
        {"rules": [{"if": {}, "when": {}}]},
        {"rules": [{"when": {"tool": ["read"]}, "answer": {}}]},
        [{"txt": "hi"}],
    ],
)
def test_what_means_nothing_is_refused(script: Any) -> None:
    with pytest.raises(ValueError, match=r"^a (script|rule|condition|answer) has no "):
        Script(script)


def test_both_apis_ask_the_same() -> None:
    schema = {"type": "object"}
    chat = from_chat_completions(
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "be kind"},
                {"role": "user", "content": [{"type": "text", "text": "go"}]},
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "tool", "tool_call_id": "1", "content": "data"},
            ],
            "tools": [{"type": "function", "function": {"name": "read", "parameters": schema}}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )
    messages = from_messages(
        {
            "model": "m",
            "system": [{"type": "text", "text": "be kind"}],
            "messages": [
                {"role": "user", "content": "go"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "read", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "data"}]},
            ],
            "tools": [{"name": "read", "input_schema": schema}],
            "stream": True,
        }
    )
    for asked in (chat, messages):
        assert (asked.message, asked.tools, asked.output_tool) == ("go", ("read",), "read")
        assert (asked.tool_answers, asked.turns, asked.stream, asked.include_usage) == (1, 1, True, True)
        assert [word for word in ("be kind", "go", "data") if word not in asked.everything] == []
