"""The libraries that people use understand what it says, in the APIs of both providers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from codeforge_common.testing.model_server import ModelServer, model_server

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}}
TOOL: Any = {"type": "function", "function": {"name": "read", "parameters": SCHEMA}}
OUTPUT: Any = {"type": "function", "function": {"name": "final_result", "parameters": SCHEMA}}
READ: Any = {"name": "read", "input_schema": SCHEMA}
FORMAT: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}

# One server for all: each test's message has its rule.
SCRIPT = {
    "rules": [
        {"when": {"message": "greet"}, "answer": {"text": "Xin chào bạn", "usage": {"input": 12, "output": 3}}},
        {"when": {"message": "pieces"}, "answer": {"text": ["a", "bc", "d"], "pause": 0.01}},
        {"when": {"message": "tool", "toolAnswers": 1}, "answer": {"text": "It is a readme."}},
        {
            "when": {"message": "tool", "tools": ["read"]},
            "answer": {"text": "Look:", "calls": [{"name": "read", "arguments": {"path": "README.md"}}]},
        },
        {"when": {"message": "broken"}, "answer": {"calls": [{"name": "read", "arguments": '{"path": '}]}},
        {"when": {"message": "output"}, "answer": {"output": {"path": "x"}}},
        {"when": {"message": "busy"}, "answer": {"status": 429, "headers": {"Retry-After": "7"}}},
        {"when": {"message": "quota"}, "answer": {"status": 429, "error": {"code": "insufficient_quota"}}},
        {"when": {"message": "malformed"}, "answer": {"body": "<html>"}},
        {"when": {"message": "cut"}, "answer": {"text": "one two three", "cut": 2}},
        {"when": {"message": "ends"}, "answer": {"text": "one two three", "ends": 2}},
        {"when": {"message": "hang"}, "answer": {"text": "one two three", "hang": 2}},
        {"when": {"message": "silent"}, "answer": {"hang": 0}},
        {"when": {"message": "long"}, "answer": {"text": "one", "finish": "length"}},
    ]
}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server(SCRIPT) as started:
        yield started


@pytest.fixture
def chat(server: ModelServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def claude(server: ModelServer) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.address, api_key=server.key, max_retries=0, timeout=30) as client:
        yield client


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_it_has_one_model(chat: openai.OpenAI) -> None:
    assert [model.id for model in chat.models.list()] == ["scripted"]
    with pytest.raises(openai.NotFoundError) as caught:
        chat.chat.completions.create(model="gpt-9", messages=said("greet"))
    assert caught.value.code == "model_not_found"


def test_a_text(chat: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    whole = chat.chat.completions.create(model="scripted", messages=said("greet"))
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("Xin chào bạn", "stop")
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (12, 3)
    message = claude.messages.create(model="scripted", max_tokens=9, messages=said("greet"))
    assert (message.content[0].to_dict()["text"], message.stop_reason) == ("Xin chào bạn", "end_turn")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (12, 3)


def test_a_text_in_pieces(chat: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    chunks = list(
        chat.chat.completions.create(
            model="scripted", messages=said("pieces"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert [chunk.choices[0].delta.content for chunk in chunks[:-1]] == ["", "a", "bc", "d", None]
    assert chunks[-1].usage is not None
    with claude.messages.stream(model="scripted", max_tokens=9, messages=said("pieces")) as stream:
        assert list(stream.text_stream) == ["a", "bc", "d"]


def test_usage_is_told_in_a_stream_only_to_who_asks(chat: openai.OpenAI) -> None:
    chunks = chat.chat.completions.create(model="scripted", messages=said("greet"), stream=True)
    assert [chunk for chunk in chunks if chunk.usage] == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_answer_read(chat: openai.OpenAI, stream: bool) -> None:
    messages = said("tool")
    answer: Any = chat.chat.completions.create(model="scripted", messages=messages, tools=[TOOL], stream=stream)
    if stream:
        deltas = [call for chunk in answer for call in chunk.choices[0].delta.tool_calls or ()]
        called = {"id": deltas[0].id, "type": "function", "function": {"name": deltas[0].function.name}}
        called["function"]["arguments"] = "".join(delta.function.arguments for delta in deltas)
    else:
        assert answer.choices[0].finish_reason == "tool_calls"
        called = answer.choices[0].message.tool_calls[0].to_dict()
    assert json.loads(called["function"]["arguments"]) == {"path": "README.md"}
    messages = [
        *messages,
        {"role": "assistant", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": called["id"], "content": "# Title"},
    ]
    last = chat.chat.completions.create(model="scripted", messages=messages, tools=[TOOL])
    assert last.choices[0].message.content == "It is a readme."


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_in_anthropics_words(claude: anthropic.Anthropic, stream: bool) -> None:
    messages = said("tool")
    if stream:
        with claude.messages.stream(model="scripted", max_tokens=9, messages=messages, tools=[READ]) as streamed:
            answer = streamed.get_final_message().to_dict()
    else:
        answer = claude.messages.create(model="scripted", max_tokens=9, messages=messages, tools=[READ]).to_dict()
    content: Any = answer["content"]
    assert (content[0]["text"], content[1]["input"]) == ("Look:", {"path": "README.md"})
    assert answer["stop_reason"] == "tool_use"
    result = {"type": "tool_result", "tool_use_id": content[1]["id"], "content": "# Title"}
    messages = [*messages, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
    last = claude.messages.create(model="scripted", max_tokens=9, messages=messages, tools=[READ])
    assert last.content[0].to_dict()["text"] == "It is a readme."


def test_structured_output_fills_the_tool_or_the_format_that_was_asked_for(chat: openai.OpenAI) -> None:
    for tools in ([OUTPUT], [TOOL], [TOOL, OUTPUT]):
        called = chat.chat.completions.create(model="scripted", messages=said("output"), tools=tools)
        calls: Any = called.choices[0].message.tool_calls
        assert (calls[0].function.name, calls[0].function.arguments) == (
            tools[-1]["function"]["name"],
            '{"path": "x"}',
        )
    formatted = chat.chat.completions.create(model="scripted", messages=said("output"), response_format=FORMAT)
    assert formatted.choices[0].message.content == '{"path": "x"}'


def test_errors_have_the_shapes_that_the_libraries_know(chat: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    with pytest.raises(openai.RateLimitError) as busy:
        chat.chat.completions.create(model="scripted", messages=said("busy"))
    assert busy.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.RateLimitError) as quota:
        chat.chat.completions.create(model="scripted", messages=said("quota"))
    assert quota.value.code == "insufficient_quota"
    with pytest.raises(anthropic.RateLimitError) as limited:
        claude.messages.create(model="scripted", max_tokens=9, messages=said("busy"))
    assert limited.value.type == "rate_limit_error"


def test_a_wrong_key_is_refused(chat: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    with pytest.raises(openai.AuthenticationError):
        chat.with_options(api_key="wrong").chat.completions.create(model="scripted", messages=said("greet"))
    with pytest.raises(openai.AuthenticationError):
        chat.with_options(api_key="wrong").models.list()
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="wrong").messages.create(model="scripted", max_tokens=9, messages=said("greet"))


def test_broken_answers(chat: openai.OpenAI) -> None:
    called: Any = chat.chat.completions.create(model="scripted", messages=said("broken"), tools=[TOOL])
    assert called.choices[0].message.tool_calls[0].function.arguments == '{"path": '
    long = chat.chat.completions.create(model="scripted", messages=said("long"))
    assert long.choices[0].finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        chat.chat.completions.create(model="scripted", messages=said("malformed"))


def test_broken_streams(chat: openai.OpenAI) -> None:
    stream = chat.chat.completions.create(model="scripted", messages=said("cut"), stream=True)
    assert [next(stream).choices[0].delta.content for _ in range(2)] == ["", "one "]
    with pytest.raises(openai.APIConnectionError):
        next(stream)
    with pytest.raises(openai.APIConnectionError):
        chat.chat.completions.create(model="scripted", messages=said("cut"))
    ended = list(chat.chat.completions.create(model="scripted", messages=said("ends"), stream=True))
    assert [chunk.choices[0].finish_reason for chunk in ended] == [None, None]


@pytest.mark.parametrize("message", ["hang", "silent"])
def test_a_server_that_says_nothing_more(chat: openai.OpenAI, message: str) -> None:
    with pytest.raises(openai.APIConnectionError):
        list(
            chat.with_options(timeout=0.5).chat.completions.create(
                model="scripted", messages=said(message), stream=True
            )
        )


def test_what_the_script_does_not_have_is_refused(chat: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="has no answer"):
        chat.chat.completions.create(model="scripted", messages=said("something else"))
