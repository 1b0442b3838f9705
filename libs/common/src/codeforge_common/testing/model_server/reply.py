"""What the model says, in a form that both APIs can put into their own words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codeforge_common.testing.model_server.question import Question, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool that the model calls; ``arguments`` is what it wrote, JSON or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """``pieces`` are the text's, ``finish`` is in the words of Chat Completions."""

    id: str
    model: str
    pieces: Sequence[str]
    calls: Sequence[Call]
    finish: str
    input_tokens: int
    output_tokens: int

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def reply_to(question: Question, *, answer: Mapping[str, Any], number: int) -> Reply:
    """The reply that ``answer`` of the script describes; ``number`` makes the ids, one per request.

    :raises ValueError: ``output`` for a request that asks for none.
    """
    said, called = answer.get("text", ""), list(answer.get("calls", ()))
    if "output" in answer:
        if question.output_tool is None and question.tools:
            raise ValueError("the script has an output, but the request names no tool for one")
        if question.output_tool is None:
            said = json.dumps(answer["output"], ensure_ascii=False)
        else:
            called.append({"name": question.output_tool, "arguments": answer["output"]})
    pieces = re.findall(r"\S+\s*|\s+", said) if isinstance(said, str) else said
    calls = [
        Call(id=f"call_{number}_{place}", name=call["name"], arguments=_written(call["arguments"]))
        for place, call in enumerate(called, start=1)
    ]
    usage = answer.get("usage", {})
    return Reply(
        id=f"reply_{number}",
        model=question.model,
        pieces=pieces,
        calls=calls,
        finish=answer.get("finish") or ("tool_calls" if calls else "stop"),
        input_tokens=usage.get("input", tokens(question.everything)),
        output_tokens=usage.get("output", tokens("".join(pieces) + "".join(call.arguments for call in calls))),
    )


def _written(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
