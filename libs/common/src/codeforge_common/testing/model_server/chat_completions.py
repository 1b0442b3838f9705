"""OpenAI's Chat Completions, as far as clients of a model need it.

Source of the shapes: OpenAI's API reference, "Chat Completions" and "Streaming events".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from codeforge_common.testing.model_server.reply import Reply

_CREATED = 1_760_000_000


def completion(reply: Reply) -> dict[str, Any]:
    """The answer of a request that isn't streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.calls
        ]
    return {
        "id": reply.id,
        "object": "chat.completion",
        "created": _CREATED,
        "model": reply.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
        "usage": _usage(reply),
    }


def events(reply: Reply, *, include_usage: bool) -> Iterator[str]:
    """The server-sent events of one that is: the text piece by piece, each call's arguments in two halves."""

    def chunk(choices: list[Any], **more: Any) -> str:
        head = {"id": reply.id, "object": "chat.completion.chunk", "created": _CREATED, "model": reply.model}
        return f"data: {json.dumps({**head, 'choices': choices, **more}, ensure_ascii=False)}\n\n"

    def delta(said: Mapping[str, Any], finish: str | None = None) -> str:
        return chunk([{"index": 0, "delta": said, "finish_reason": finish}])

    yield delta({"role": "assistant", "content": ""})
    for piece in reply.pieces:
        yield delta({"content": piece})
    for index, call in enumerate(reply.calls):
        middle = len(call.arguments) // 2
        function = {"name": call.name, "arguments": call.arguments[:middle]}
        yield delta({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
        yield delta({"tool_calls": [{"index": index, "function": {"arguments": call.arguments[middle:]}}]})
    yield delta({}, reply.finish)
    if include_usage:
        yield chunk([], usage=_usage(reply))
    yield "data: [DONE]\n\n"


def error(status: int, said: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an error."""
    told = {"message": f"Status {status} by the script.", "type": "scripted_error", "param": None, "code": None}
    return {"error": {**told, **said}}


def _usage(reply: Reply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
