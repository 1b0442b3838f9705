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
    """``RateLimit-Policy`` of submits: the burst, and the seconds in which a used-up one comes back.

    Source of the format: draft-ietf-httpapi-ratelimit-headers-10. Empty where submits aren't limited.
    """
    if not settings.submit_rate_limited:
        return {}
    seconds = -(-60 * settings.submit_rate_burst // settings.submit_rate_limit)
    return {"RateLimit-Policy": f'"submit";q={settings.submit_rate_burst};w={max(1, seconds)}'}


def rate_header(rate: Rate | None) -> dict[str, str]:
    """``RateLimit``: submits left now, and seconds until there is one more. Empty where submits aren't limited."""
    if rate is None:
        return {}
    return {"RateLimit": f'"submit";r={rate.remaining};t={-(-rate.reset_ms // 1000)}'}
