"""What both APIs ask, in one form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``message``: the user's last. ``everything``: all texts. ``output_tool``: the tool that takes structured output.

    None where the answer's text does. ``include_usage``: whether a stream tells it at its end.
    """

    model: str
    message: str
    everything: str
    tools: Sequence[str]
    output_tool: str | None
    tool_answers: int
    turns: int
    stream: bool
    include_usage: bool


def from_chat_completions(body: Body) -> Question:
    """A request of OpenAI's Chat Completions."""
    messages: Sequence[Body] = body["messages"]
    tools = {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in body.get("tools") or ()}
    choice = body.get("tool_choice")
    chosen = choice["function"]["name"] if isinstance(choice, Mapping) else None
    return Question(
        model=body["model"],
        message=_last([_text(message.get("content")) for message in messages if message["role"] == "user"]),
        everything="\n".join(_text(message.get("content")) for message in messages),
        tools=tuple(tools),
        output_tool=None if body.get("response_format") else chosen or _output_tool(tools),
        tool_answers=sum(message["role"] == "tool" for message in messages),
        turns=sum(message["role"] == "assistant" for message in messages),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def from_messages(body: Body) -> Question:
    """A request of Anthropic's Messages."""
    messages: Sequence[Body] = body["messages"]
    tools = {tool["name"]: tool.get("input_schema", {}) for tool in body.get("tools") or ()}
    spoken = [text for message in messages if message["role"] == "user" and (text := _text(message["content"]))]
    blocks = [block for message in messages for block in _blocks(message["content"])]
    answers = [block for block in blocks if block.get("type") == "tool_result"]
    return Question(
        model=body["model"],
        message=_last(spoken),
        everything="\n".join(
            [_text(body.get("system")), *map(_text, (m["content"] for m in messages))]
            + [_text(answer.get("content")) for answer in answers]
        ),
        tools=tuple(tools),
        output_tool=(body.get("tool_choice") or {}).get("name") or _output_tool(tools),
        tool_answers=len(answers),
        turns=sum(message["role"] == "assistant" for message in messages),
        stream=bool(body.get("stream")),
        include_usage=True,
    )


def tokens(text: object) -> int:
    """How many tokens ``text``, or the JSON that it stands for, counts: a quarter of its characters, at least one."""
    written = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return max(1, len(written) // 4)


def _output_tool(tools: Mapping[str, object]) -> str | None:
    """The one that agents' libraries call so, else the only one."""
    named = [name for name in tools if "final_result" in name or "output" in name]
    return named[0] if named else next(iter(tools)) if len(tools) == 1 else None


def _blocks(content: Any) -> Sequence[Body]:
    return [] if content is None or isinstance(content, str) else content


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(block["text"] for block in _blocks(content) if block.get("type") == "text")


def _last(texts: Sequence[str]) -> str:
    return texts[-1] if texts else ""
