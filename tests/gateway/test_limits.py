from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from codeforge_common.store import Rate
from codeforge_gateway.errors import BodyTooLarge, RequestTimeout
from codeforge_gateway.limits import policy_header, rate_header, read_body
from codeforge_gateway.settings import GatewaySettings

WITHIN = 30.0


class Sender:
    """A client that sends its body in parts."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)

    async def receive(self) -> dict[str, Any]:
        part = self.parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self.parts)}

    def request(self, *, announced: str | None = None) -> Request:
        headers = [] if announced is None else [(b"content-length", announced.encode())]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
        return Request(scope, self.receive)


@pytest.mark.parametrize("announced", [None, "4", "nonsense"])
async def test_a_body_of_just_the_limit_is_read(announced: str | None) -> None:
    assert await read_body(Sender(b"ab", b"cd").request(announced=announced), max_bytes=4, within=WITHIN) == b"abcd"


async def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    sender = Sender(b"ab", b"cd", b"ef", b"gh")
    with pytest.raises(BodyTooLarge):
        await read_body(sender.request(), max_bytes=3, within=WITHIN)
    assert sender.parts == [b"ef", b"gh"]


async def test_a_body_announced_over_the_limit_is_not_read_at_all() -> None:
    sender = Sender(b"ab")
    with pytest.raises(BodyTooLarge):
        await read_body(sender.request(announced="5"), max_bytes=4, within=WITHIN)
    assert sender.parts == [b"ab"]


async def test_a_body_that_doesnt_come_is_not_waited_for_any_longer() -> None:
    class Silent(Sender):
        async def receive(self) -> dict[str, Any]:
            if len(self.parts) == 1:
                await asyncio.Event().wait()
            return await super().receive()

    sender = Silent(b"ab", b"cd")
    with pytest.raises(RequestTimeout):
        await read_body(sender.request(), max_bytes=4, within=0.05)
    assert sender.parts == [b"cd"]


def test_the_policy_says_how_fast_a_burst_comes_back() -> None:
    assert policy_header(GatewaySettings()) == {"RateLimit-Policy": '"submit";q=60;w=30'}
    assert policy_header(GatewaySettings(submit_rate_limit=0)) == {}
    assert policy_header(GatewaySettings(submit_rate_burst=0)) == {}


def test_seconds_are_rounded_up() -> None:
    assert rate_header(Rate(remaining=3, reset_ms=1001)) == {"RateLimit": '"submit";r=3;t=2'}
    assert rate_header(None) == {}
