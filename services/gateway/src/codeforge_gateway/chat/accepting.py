"""Whether a client wants its answer as a stream (RFC 9110, section 12.5.1). Pure."""

from __future__ import annotations

import re

STREAM, JSON = "text/event-stream", "application/json"

_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)


def wants_stream(accept: str) -> bool:
    """Whether an ``Accept`` header names Server-Sent Events, and JSON not before them. ``*/*`` doesn't name them."""
    weights = dict(_weighed(item) for item in accept.split(","))
    stream = weights.get(STREAM, 0.0)
    return stream > 0 and stream >= weights.get(JSON, 0.0)


def _weighed(item: str) -> tuple[str, float]:
    kind, *parameters = item.split(";")
    weights = [float(found[1]) for parameter in parameters if (found := _WEIGHT.fullmatch(parameter))]
    return kind.strip().lower(), weights[0] if weights else 1.0
