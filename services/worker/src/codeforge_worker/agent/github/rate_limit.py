"""GitHub's rate limits: the primary one (calls an hour) and the secondary ones (too much at once)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from codeforge_common.handler import Retry

UNTOLD_SECONDS = 60
"""The pause where GitHub names none: "at least one minute" (docs.github.com, Rate limits for the REST API)."""

LONGEST_SECONDS = 86_400
"""What is believed at most; a limit is reset within the hour."""


def rate_limited(*, status: int, headers: Mapping[str, str], said: str) -> Retry | None:
    """The attempt after the pause that GitHub asks for; None where no limit was the reason for an answer.

    ``headers``: their names in lower case, or a mapping that doesn't care. ``said``: GitHub's message.
    """
    if status not in (403, 429):
        return None
    now = _server_time(headers)
    reset = _seconds(headers.get("x-ratelimit-reset"))
    if (told := _seconds(headers.get("retry-after"))) is not None:
        name, pause = "secondary rate limit", told
    elif headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        name, pause = "rate limit for this token", reset - now.timestamp()
    elif status == 429 or "rate limit" in said.lower():
        name, pause = "secondary rate limit", UNTOLD_SECONDS
    else:
        return None
    pause = min(max(pause, 1), LONGEST_SECONDS)
    moment = now + timedelta(seconds=pause)
    return Retry(after=pause, reason=f"GitHub's {name} is used up until {moment:%Y-%m-%d %H:%M:%S} UTC.")


def _server_time(headers: Mapping[str, str]) -> datetime:
    """GitHub's clock, which the reset time is told by; ours where it doesn't say."""
    with suppress(ValueError):
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    return datetime.now(UTC)


def _seconds(text: str | None) -> float | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
