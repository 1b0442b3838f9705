from __future__ import annotations

import aiohttp
import pytest

from tests.notifier.conftest import Start
from tests.notifier.harness import JWT_SECRET

POLLING = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"


async def status(url: str, headers: dict[str, str], *, websocket: bool) -> int:
    async with aiohttp.ClientSession(url) as http:
        if not websocket:
            async with http.get(POLLING, headers=headers) as answer:
                return answer.status
        try:
            async with http.ws_connect(WEBSOCKET, headers=headers) as ws:
                assert (await ws.receive_str()).startswith("0{")
                return 200
        except aiohttp.WSServerHandshakeError as error:
            return error.status


BOTH = pytest.mark.parametrize("websocket", [False, True], ids=["polling", "websocket"])


@BOTH
@pytest.mark.parametrize(
    ("host", "allowed"),
    [("localhost", True), ("127.0.0.1:9", True), ("evil.example", False), ("localhost.evil.example", False)],
)
async def test_development_answers_to_its_own_hosts_only(
    start: Start, host: str, allowed: bool, websocket: bool
) -> None:
    notifier = await start()
    assert await status(notifier.url, {"Host": host}, websocket=websocket) == (200 if allowed else 403)


@BOTH
async def test_with_tokens_any_host_is_answered_to(start: Start, websocket: bool) -> None:
    notifier = await start(auth_mode="jwt", auth_jwt_secret=JWT_SECRET)
    assert await status(notifier.url, {"Host": "jobs.example"}, websocket=websocket) == 200


@BOTH
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:1234", True),
        ("https://chat.example.org", True),
        ("https://evil.example", False),
        ("http://localhost:4321", False),
        ("null", False),
    ],
)
async def test_pages_of_its_own_origin_and_of_the_listed_ones_may_call(
    start: Start, origin: str | None, allowed: bool, websocket: bool
) -> None:
    notifier = await start(cors_origins="https://chat.example.org")
    headers = {"Host": "localhost:1234"} | ({} if origin is None else {"Origin": origin})
    got = await status(notifier.url, headers, websocket=websocket)
    assert got == 200 if allowed else got in (400, 403)


async def test_a_listed_origin_may_read_the_answers_and_no_other(start: Start) -> None:
    notifier = await start(cors_origins="https://chat.example.org")
    async with aiohttp.ClientSession(notifier.url) as http:
        async with http.get(POLLING, headers={"Origin": "https://chat.example.org"}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "https://chat.example.org"
        async with http.get(POLLING, headers={"Origin": "https://evil.example"}) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
        preflight = {"Origin": "https://chat.example.org", "Access-Control-Request-Method": "POST"}
        async with http.options(POLLING, headers=preflight) as answer:
            assert answer.status == 200
            assert "POST" in answer.headers["Access-Control-Allow-Methods"]


async def test_there_is_nothing_but_the_socket(start: Start) -> None:
    notifier = await start()
    async with aiohttp.ClientSession(notifier.url) as http:
        for path in ("/", "/api/jobs/1", "/healthz", "/socket.iota"):
            async with http.get(path) as answer:
                assert answer.status == 404
