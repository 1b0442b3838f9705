"""From whatever a provider's library raises to the error that a person gets to read. Pure."""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from codeforge_gateway.chat.errors import ModelRefused, ModelUnavailable

PAUSE_SECONDS = 5.0
"""How long to wait where the provider doesn't say it."""

LONGEST_PAUSE_SECONDS = 3600.0
"""What is believed of a provider's ``Retry-After``."""

_REFUSED = {
    400: "The model's provider refuses the request: it may be too long for the model.",
    401: "The model's provider doesn't accept the key that this service has.",
    403: "The model's provider doesn't let this service use the model.",
    404: "The model's provider doesn't know the model that this service is set to.",
    413: "The conversation is too long for the model.",
}
_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)


def failure_of(error: Exception) -> ModelUnavailable | ModelRefused:
    """What ``error`` means. Both libraries carry the answer's status and headers the same way."""
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or status < 400:  # an error within a stream comes with the stream's 200
        return ModelUnavailable(_without_status(error), retry_after=PAUSE_SECONDS)
    wait = wanted_pause(getattr(getattr(error, "response", None), "headers", {}))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ModelUnavailable(
            "The model's provider asks for patience: too many requests.", retry_after=wait or PAUSE_SECONDS
        )
    if status in _BUSY or status >= 500:
        return ModelUnavailable("The model's provider fails at the moment.", retry_after=wait or PAUSE_SECONDS)
    return ModelRefused(_REFUSED.get(status, f"The model's provider refuses the request ({status})."))


def asks_for_patience(error: Exception) -> bool:
    """Whether nobody should ask this provider for a while."""
    return getattr(error, "status_code", None) == HTTPStatus.TOO_MANY_REQUESTS


def wanted_pause(headers: Any, *, now: float | None = None) -> float | None:
    """Seconds that an answer's ``Retry-After`` asks for (RFC 9110, section 10.2.3: seconds or a date); None: none."""
    said = (headers.get("retry-after") or "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - (time.time() if now is None else now)
        except ValueError:
            return None
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return min(seconds, LONGEST_PAUSE_SECONDS)


def _without_status(error: Exception) -> str:
    match type(error).__name__:
        case "APITimeoutError":
            return "The model's provider didn't answer in time."
        case "APIConnectionError":
            return "The model's provider can't be reached, or the connection broke."
    return "The model's provider sent something that can't be read."
