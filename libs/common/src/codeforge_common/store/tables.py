"""Small tables of the scripts' requests and answers, in the words that the store's callers use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeforge_common.errors import InvalidCursor
from codeforge_common.job import Status
from codeforge_common.store.messages import Outcome, Served, Settled, Verdict


def by_name(table: Any) -> dict[str, Any]:
    """A table with names. An empty one of Lua has no kind, and arrives as an empty list."""
    return dict(table or ())


def by_name_and_status(table: Any) -> dict[str, dict[Status, int]]:
    """Numbers by name and state."""
    return {name: {Status(state): count for state, count in states.items()} for name, states in by_name(table).items()}


def serves_request(serves: Sequence[Served]) -> list[dict[str, Any]]:
    """The types that a worker serves, as ``claim.lua`` and its like take them."""
    return [
        {"type": served.type, "lease": served.lease_ms, "batch": served.batch, "gather": served.gather_ms}
        for served in serves
    ]


def settled_of(outcomes: Sequence[Outcome], answer: Mapping[str, Any]) -> list[Settled]:
    """What became of each outcome, as ``claim.lua`` and ``settle.lua`` answer it."""
    return [
        Settled(job_id=outcome.job_id, verdict=Verdict(verdict), status=Status(state) if state else None)
        for outcome, verdict, state in zip(outcomes, answer["settled"][::2], answer["settled"][1::2], strict=True)
    ]


def after_request(cursor: str | None) -> dict[str, Any] | None:
    """A page's cursor as ``page.lua`` takes it. Raises InvalidCursor."""
    if cursor is None:
        return None
    created, _, job = cursor.partition("-")
    if not created.isdecimal() or len(created) > 15 or not 0 < len(job) <= 64:
        raise InvalidCursor("The cursor is not one that this service gave out.")
    return {"created": int(created), "job": job}
