"""Submits over HTTP as fast as they are answered, in a process of its own: ``python -m benchmarks.load PORT PATH``.

Connections stay open and each has one request under way. Prints what was answered, as JSON. Bare asyncio: an HTTP
client would use more of the machine than the services that are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import cast

import uvloop

from benchmarks.payload import USERS

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def requests(path: str) -> Sequence[bytes]:
    """One request for each user, each with a token of its own."""
    return [_request(path, number) for number in range(USERS)]


def _request(path: str, number: int) -> bytes:
    body = {
        "userId": f"user-{number:04}",
        "sessionId": f"session-{number:04}",
        "userMessage": "Add a health check to the service and cover it with a test.",
        "context": {"repository": "acme/shop", "branch": "main"},
        "githubContext": {"token": f"ghp_{number:036}", "username": "ann", "email": "ann@example.org"},
    }
    text = json.dumps(body, separators=(",", ":"))
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(text)}"
    return f"{head}\r\n\r\n{text}".encode()


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, sends: Iterator[bytes], answered: Counter[str], took: list[float]) -> None:
        self.closed = asyncio.get_running_loop().create_future()
        self._sends = sends
        self._answered = answered
        self._took = took
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        request = next(self._sends, None)
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = _LENGTH.search(head + b"\r\n")
        if length is None or len(body) < int(length[1]):
            return
        self._took.append(time.perf_counter() - self._sent)
        self._answered[head[9:12].decode()] += 1
        self._received = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._answered["lost"] += 1
        self.closed.set_result(None)


async def load(port: int, path: str, *, connections: int, seconds: float) -> dict[str, object]:
    """What was answered within ``seconds``, by status; how long it took, in milliseconds; and our own CPU seconds."""
    prepared = requests(path)
    ends = time.perf_counter() + seconds
    answered: Counter[str] = Counter()
    took: list[float] = []

    def until_the_end() -> Iterator[bytes]:
        for request in cycle(prepared):
            if time.perf_counter() >= ends:
                return
            yield request

    loop = asyncio.get_running_loop()
    sends = until_the_end()
    began, spent = time.perf_counter(), time.process_time()
    opened = [
        await loop.create_connection(lambda: Client(sends, answered, took), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.closed for _, client in opened))
    took.sort()
    return {
        "answered": dict(answered),
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - spent,
        "p50": took[len(took) // 2] * 1000,
        "p99": took[len(took) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("port", type=int)
    options.add_argument("path")
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--seconds", type=float, default=6)
    given = options.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answer = runner.run(load(given.port, given.path, connections=given.connections, seconds=given.seconds))
    print(json.dumps(answer))
