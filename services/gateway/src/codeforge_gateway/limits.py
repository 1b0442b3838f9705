"""Limits of a request: bytes and seconds of a body while it comes in, and the headers that tell a client its rate."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from codeforge_common.store import Rate
from codeforge_gateway.errors import BodyTooLarge, RequestTimeout
from codeforge_gateway.settings import GatewaySettings


async def read_body(request: Request, *, max_bytes: int, within: float) -> bytes:
    """The request's body.

    :raises BodyTooLarge: as soon as it is clear, before the rest is read.
    :raises RequestTimeout: when it isn't all here ``within`` seconds.
    """
    try:
        async with asyncio.timeout(within):
            return await _read_body(request, max_bytes=max_bytes)
    except TimeoutError:
        raise RequestTimeout(f"The body didn't come within {within:g} seconds.") from None


async def _read_body(request: Request, *, max_bytes: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"A body may have at most {max_bytes:,} bytes.")


def policy_header(settings: GatewaySettings) -> dict[str, str]:
    """``RateLimit-Policy`` of submits. Empty where they aren't limited."""
    return _policy("submit", per_minute=settings.submit_rate_limit, burst=settings.submit_rate_burst)


def chat_policy_header(settings: GatewaySettings) -> dict[str, str]:
    """``RateLimit-Policy`` of the chat in the foreground. Empty where it isn't limited."""
    return _policy("chat", per_minute=settings.chat_rate_limit, burst=settings.chat_rate_burst)


def _policy(of: str, *, per_minute: int, burst: int) -> dict[str, str]:
    """The burst, and the seconds in which a used-up one comes back.

    Source of the format: draft-ietf-httpapi-ratelimit-headers-10.
    """
    if not per_minute or not burst:
        return {}
    seconds = -(-60 * burst // per_minute)
    return {"RateLimit-Policy": f'"{of}";q={burst};w={max(1, seconds)}'}


def rate_header(rate: Rate | None, *, of: str = "submit") -> dict[str, str]:
    """``RateLimit``: how many are left now, and seconds until there is one more. Empty where there is no limit."""
    if rate is None:
        return {}
    return {"RateLimit": f'"{of}";r={rate.remaining};t={-(-rate.reset_ms // 1000)}'}
