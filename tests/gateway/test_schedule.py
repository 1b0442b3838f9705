from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_gateway.schedule import AT_ONCE, Schedule, faults, milliseconds, schedule_of

NOW = 1_795_502_820.0
"""2026-11-24T06:47:00Z."""


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24T06:47:00Z", 1_795_502_820_000),
        ("2026-11-24t06:47:00.5z", 1_795_502_820_500),
        ("2026-11-24T07:47+01:00", 1_795_502_820_000),
        ("20261124T064700Z", 1_795_502_820_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140_000),
        ("2026-11-24T06:47:00", None),
        ("2026-11-24", None),
        ("2026-02-30T00:00:00Z", None),
        ("tomorrow", None),
        ("1795502820", None),
        ("", None),
    ],
)
def test_a_time_needs_its_zone(text: str, at: int | None) -> None:
    assert milliseconds(text) == at


@given(st.text())
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert milliseconds(text) is None or isinstance(milliseconds(text), int)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, AT_ONCE),
        ({"delaySeconds": None, "runAt": None, "priority": None}, AT_ONCE),
        ({"delaySeconds": 1.5, "priority": 60.0}, Schedule(delay_ms=1500, priority=60)),
        ({"delaySeconds": 0}, AT_ONCE),
        ({"runAt": "2026-11-24T06:47:00Z"}, Schedule(run_at=1_795_502_820_000)),
    ],
)
def test_what_is_left_out_is_nothing(body: dict[str, Any], wanted: Schedule) -> None:
    assert schedule_of(body) == wanted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"runAt": "2026-11-24T06:47:10Z"}, None),
        ({"runAt": "2026-11-24T06:47:10.001Z"}, "should be at most 10 seconds from now"),
        ({"runAt": "1970-01-01T00:00:00Z"}, None),
        ({"runAt": "2026-11-24T06:47:01"}, "should be an ISO-8601 time with its zone, such as 2026-11-24T06:47:00Z"),
        ({"runAt": "2026-11-24T06:47:01Z", "delaySeconds": 0}, "can't stand together with delaySeconds"),
        ({"runAt": "2026-11-24T06:47:01Z", "delaySeconds": None}, None),
        ({"runAt": None, "delaySeconds": 5}, None),
        ({"runAt": 7}, None),
    ],
)
def test_the_edges_of_a_start(body: dict[str, Any], message: str | None) -> None:
    found = faults(body, max_delay_seconds=10, now=NOW)
    assert [(fault.path, fault.message) for fault in found] == ([("runAt", message)] if message else [])
