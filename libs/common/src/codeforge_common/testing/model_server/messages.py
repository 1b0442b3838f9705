"""Anthropic's Messages, as far as clients of a model need it.

Source of the shapes: Anthropic's API reference, "Messages" and "Streaming Messages".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from codeforge_common.testing.model_server.reply import Reply

_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}
_ERRORS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


def message(reply: Reply) -> dict[str, Any]:
    """The answer of a request that isn't streamed."""
    content: list[Any] = [{"type": "text", "text": reply.text}] if reply.pieces else []
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
        for call in reply.calls
    ]
    return {**_head(reply), "content": content, "stop_reason": _REASONS[reply.finish], "usage": _usage(reply)}


def events(reply: Reply) -> Iterator[str]:
    """The server-sent events of one that is."""
    yield _event("message_start", message={**_head(reply), "content": [], "stop_reason": None, "usage": _usage(reply)})
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if reply.pieces:
        pieces = [{"type": "text_delta", "text": piece} for piece in reply.pieces]
        blocks.append(({"type": "text", "text": ""}, pieces))
    for call in reply.calls:
        written = [{"type": "input_json_delta", "partial_json": call.arguments}]
        blocks.append(({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, written))
    for index, (block, deltas) in enumerate(blocks):
        yield _event("content_block_start", index=index, content_block=block)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    ending = {"stop_reason": _REASONS[reply.finish], "stop_sequence": None}
    yield _event("message_delta", delta=ending, usage={"output_tokens": reply.output_tokens})
    yield _event("message_stop")


def error(status: int, said: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an error."""
    kind = _ERRORS.get(status, "overloaded_error" if status == 529 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": f"Status {status} by the script.", **said}}


def _event(kind: str, **data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data}, ensure_ascii=False)}\n\n"


def _head(reply: Reply) -> dict[str, Any]:
    return {"id": reply.id, "type": "message", "role": "assistant", "model": reply.model, "stop_sequence": None}


def _usage(reply: Reply) -> dict[str, int]:
    return {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens}
