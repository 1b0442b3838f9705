"""Asking a service on this machine whether it is ready."""

from __future__ import annotations

import asyncio

_TIMEOUT = 2.0


async def http(host: str, port: int, path: str) -> str | None:
    """None when ``GET path`` is answered with 200, else what came instead."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await _exchange(host, port, request.encode())
    if answer is None:
        return "no answer yet"
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    return None if status == [b"200"] else body.decode(errors="replace").strip()[:500] or "not ready"


async def redis(host: str, port: int) -> str | None:
    """None when the server answers PING, else what came instead (it may still be loading its file)."""
    answer = await _exchange(host, port, b"PING\r\nQUIT\r\n")
    if answer is None:
        return "no answer yet"
    return None if answer.startswith(b"+PONG") else answer.decode(errors="replace").strip()


async def _exchange(host: str, port: int, request: bytes) -> bytes | None:
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
