"""What python-socketio does with our changes: order, hanging up, and clients that don't behave."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
from structlog.testing import capture_logs

from codeforge_notifier import socket_server
from codeforge_notifier.socket_server import MAX_PAYLOAD_BYTES
from tests.notifier.harness import WITHIN, Client, Notifier
from tests.plugins.waiting import wait_for

TRANSPORTS = pytest.mark.parametrize("transport", ["websocket", "polling"])
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
async def http(notifier: Notifier) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(notifier.url, timeout=aiohttp.ClientTimeout(WITHIN)) as session:
        yield session


async def open_poll(http: aiohttp.ClientSession) -> str:
    """A polling session in the default namespace; its address."""
    async with http.get(HANDSHAKE) as answer:
        sid = json.loads((await answer.text())[1:])["sid"]
    address = f"{HANDSHAKE}&sid={sid}"
    async with http.post(address, data="40") as answer:
        assert answer.status == 200
    async with http.get(address) as answer:
        assert (await answer.text()).startswith("40{")
    return address


async def returns(client: Client, event: str = "join:user") -> None:
    """Waits until a client that was cut off is back, and joins again."""
    await wait_for(lambda: bool(client.disconnects) and client.socket.connected, within=WITHIN, what="the return")
    assert (await client.ask(event, "ada"))["ok"]


@TRANSPORTS
async def test_after_a_hang_up_the_client_comes_back(notifier: Notifier, transport: str) -> None:
    client = await notifier.connect(transport=transport, reconnection=True, reconnection_delay=0.1)
    await client.ask("join:user", "ada")
    await notifier.app.hang_up()
    await returns(client)
    await notifier.append(1)
    await client.has(1)


@TRANSPORTS
async def test_when_the_tail_was_lost_the_client_comes_back(notifier: Notifier, transport: str) -> None:
    client = await notifier.connect(transport=transport, reconnection=True, reconnection_delay=0.1)
    await client.ask("join:user", "ada")
    notifier.writer.n += 1
    await notifier.append(1)
    await returns(client)
    await notifier.append(2)
    await client.has(2)


@TRANSPORTS
async def test_a_disconnected_client_is_let_go_at_once(notifier: Notifier, transport: str) -> None:
    """The library would let the last poll wait for 40 s."""
    client = await notifier.connect(transport=transport)
    await asyncio.wait_for(client.socket.disconnect(), 5)
    await wait_for(lambda: notifier.metric("codeforge_sockets") == 0, within=5, what="the socket's end")


@pytest.mark.parametrize("megabytes", [1, 10])
async def test_a_huge_message_costs_only_its_sender(notifier: Notifier, megabytes: int) -> None:
    neighbour = await notifier.connect(auth={"userId": "ada"})
    await neighbour.ask("join:user", "ada")
    sender = await notifier.connect(auth={"userId": "ada"})
    await sender.socket.emit("join:user", "x" * megabytes * 1024 * 1024)
    await wait_for(lambda: bool(sender.disconnects), within=WITHIN, what="the sender's end")
    await wait_for(lambda: notifier.metric("codeforge_sockets") == 1, within=WITHIN, what="its socket's end")
    await notifier.append(1)
    await neighbour.has(1)


@pytest.mark.parametrize("megabytes", [1, 10])
async def test_a_huge_post_is_refused_and_ends_its_session(
    notifier: Notifier, http: aiohttp.ClientSession, megabytes: int
) -> None:
    address = await open_poll(http)
    polling = asyncio.create_task(http.get(address))
    body = io.BytesIO(b'42["join:user","' + b"x" * megabytes * 1024 * 1024)
    async with http.post(address, data=body) as answer:
        assert answer.status == 400
    async with await polling as answer:
        assert answer.status in (200, 400), "the poll under way ended, too"
    async with http.get(address) as answer:
        assert answer.status == 400
    await wait_for(lambda: notifier.metric("codeforge_sockets") == 0, within=WITHIN, what="the socket's end")


async def test_a_message_just_below_the_limit_is_answered(notifier: Notifier) -> None:
    client = await notifier.connect()
    answer = await client.ask("join:user", "x" * (MAX_PAYLOAD_BYTES - 100))
    assert answer["code"] == "invalid_request"


@pytest.mark.parametrize(
    "garbage",
    [
        "x",  # no Engine.IO packet
        "9",
        "4",  # no Socket.IO packet
        "4x",
        "49",
        "42",  # an event without a name
        "42{}",
        "42[]",
        '42[{"a":1}]',
        '42["join:user"',
        "42" + "[" * 10_000,
        "45-[",
        '451-["join:user",{"_placeholder":true,"num":7}]',
        b"\x00\x01",
    ],
)
async def test_garbage_ends_its_sender_quietly(
    notifier: Notifier, http: aiohttp.ClientSession, garbage: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with http.ws_connect(WEBSOCKET) as ws:
        assert (await ws.receive_str()).startswith("0{")
        await ws.send_str("40")
        assert (await ws.receive_str()).startswith("40{")
        with capture_logs() as logs:
            if isinstance(garbage, bytes):
                await ws.send_bytes(garbage)
            else:
                await ws.send_str(garbage)
            await ws.send_bytes(b"what an attachment would be")
            while (await ws.receive(WITHIN)).type is aiohttp.WSMsgType.TEXT:
                pass
        assert ws.closed
    await wait_for(lambda: notifier.metric("codeforge_sockets") == 0, within=WITHIN, what="the socket's end")
    assert all(line["log_level"] in ("info", "warning") for line in logs)
    assert not [record for record in caplog.records if record.exc_info], "no traceback that a client can provoke"


async def test_an_unknown_event_is_ignored(notifier: Notifier) -> None:
    client = await notifier.connect()
    await client.socket.emit("job:update", {"jobId": "forged"})
    assert (await client.ask("join:user", "ada"))["ok"]


@pytest.mark.parametrize("event", ["connect", "disconnect"])
async def test_nobody_calls_the_handlers_of_connecting(notifier: Notifier, event: str) -> None:
    """The library would pass such an event on: a client could become somebody else."""
    client = await notifier.connect(auth={"userId": "ada"})
    await client.socket.emit(event, ({}, {"userId": "bob"}))
    await wait_for(lambda: bool(client.disconnects), within=WITHIN, what="the end")
    await wait_for(lambda: notifier.metric("codeforge_sockets") == 0, within=WITHIN, what="its socket's end")


async def test_all_joins_of_a_page_fit_in_one_poll(notifier: Notifier, http: aiohttp.ClientSession) -> None:
    """The JavaScript client sends what it has in one POST; the library's limit of 16 would drop everything."""
    address = await open_poll(http)
    joins = "\x1e".join(f'42{n}["join:session","s{n}"]' for n in range(50))
    async with http.post(address, data=joins) as answer:
        assert answer.status == 200
    answers: list[str] = []
    while len(answers) < 50:
        async with http.get(address) as answer:
            answers += (await answer.text()).split("\x1e")
    assert [text.partition("[")[0] for text in answers] == [f"43{n}" for n in range(50)]
    assert all('"ok":true' in text for text in answers)


async def test_a_long_replay_comes_in_polls_of_few_packets_and_its_answer_last(
    notifier: Notifier, http: aiohttp.ClientSession
) -> None:
    await notifier.append(*range(1, 51))
    address = await open_poll(http)
    async with http.post(address, data='420["join:user",{"userId":"ada","since":"0"}]'):
        pass
    polls: list[list[str]] = []
    while not polls or not polls[-1][-1].startswith("430"):
        async with http.get(address) as answer:
            polls.append((await answer.text()).split("\x1e"))
    assert max(map(len, polls)) <= 16
    packets = [packet for poll in polls for packet in poll]
    assert [json.loads(packet[2:])[1]["seq"] for packet in packets[:-1]] == list(range(1, 51))


async def test_a_stranger_is_hung_up_on(
    notifier: Notifier, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_server, "CONNECT_SECONDS", 0.2)
    known = await notifier.connect()
    async with http.ws_connect(WEBSOCKET) as ws:
        await ws.receive_str()
        assert (await ws.receive(WITHIN)).type is aiohttp.WSMsgType.CLOSE
    async with http.get(HANDSHAKE) as answer:
        sid = json.loads((await answer.text())[1:])["sid"]
    async with http.get(f"{HANDSHAKE}&sid={sid}") as answer:
        assert await answer.text() == ""
    async with http.get(f"{HANDSHAKE}&sid={sid}") as answer:
        assert answer.status == 400
    assert (await known.ask("join:user", "ada"))["ok"], "who has connected stays"


async def test_pings_come_often_enough_for_a_platform_that_cuts_silent_connections(
    http: aiohttp.ClientSession,
) -> None:
    async with http.get(HANDSHAKE) as answer:
        told = json.loads((await answer.text())[1:])
    assert told["pingInterval"] + 5_000 <= 30_000, "a poll must be answered within Heroku's 30 s"
    assert told["pingInterval"] + told["pingTimeout"] < 55_000
    assert told["maxPayload"] == MAX_PAYLOAD_BYTES


async def test_no_packet_is_ever_logged(notifier: Notifier, caplog: pytest.LogCaptureFixture) -> None:
    """At INFO the library writes each packet, with the token that a client connects with."""
    with caplog.at_level(logging.DEBUG):
        client = await notifier.connect(auth={"userId": "ada", "token": "very-secret-token"})
        await client.ask("join:user", "ada")
    ours = [record for record in caplog.records if record.name.startswith("codeforge")]
    assert "very-secret-token" not in "\n".join(record.getMessage() for record in ours)
