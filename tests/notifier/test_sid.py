from __future__ import annotations

import json

import aiohttp

from tests.notifier.harness import Notifier

POLLING = "/socket.io/?EIO=4&transport=polling"


async def test_a_polls_handshake_repeats_the_sid_in_a_header_and_no_other_answer_does(notifier: Notifier) -> None:
    async with aiohttp.ClientSession(notifier.url) as http:
        async with http.get(POLLING) as answer:
            sid = json.loads((await answer.text())[1:])["sid"]
            assert answer.headers.getall("X-Sid") == [sid]
        async with http.post(f"{POLLING}&sid={sid}", data="40") as answer:
            assert "X-Sid" not in answer.headers
        async with http.get(f"{POLLING}&sid={sid}") as answer:
            assert "X-Sid" not in answer.headers
        async with http.get("/socket.io/?EIO=3&transport=polling") as answer:
            assert (answer.status, "X-Sid" in answer.headers) == (400, False)


async def test_a_websockets_handshake_repeats_it_too(notifier: Notifier) -> None:
    async with (
        aiohttp.ClientSession(notifier.url) as http,
        http.ws_connect("/socket.io/?EIO=4&transport=websocket") as ws,
    ):
        sid = json.loads((await ws.receive_str())[1:])["sid"]
        assert ws._response.headers.getall("X-Sid") == [sid]
        assert len(sid) <= 40, "as much as the proxy's table remembers"
