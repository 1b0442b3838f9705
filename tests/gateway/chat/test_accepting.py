from __future__ import annotations

import pytest

from codeforge_gateway.chat.accepting import wants_stream


@pytest.mark.parametrize(
    "accept",
    [
        "text/event-stream",
        "Text/Event-Stream; charset=utf-8",
        "application/json, text/event-stream",
        "application/json;q=0.5, text/event-stream;q=0.9",
        "text/event-stream;q=0.1",
    ],
)
def test_who_names_a_stream_gets_one(accept: str) -> None:
    assert wants_stream(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/*",
        "application/json",
        "application/json, text/event-stream;q=0.5",
        "text/event-stream;q=0",
        "text/event-streams",
        ",;,",
    ],
)
def test_everybody_else_gets_json(accept: str) -> None:
    assert not wants_stream(accept)
