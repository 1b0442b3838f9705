"""A handler is a function: a test calls it, with a list that takes what it tells."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from acme_tables.profile import table_profile

from codeforge_common.handler import BlockingContext, Cancelled, Fail


class Told(list[Any]):
    """What the handler told, in order."""

    def progress(self, percent: float, stage: str | None) -> None:
        self.append((percent, stage))

    def log(self, text: str) -> None:
        self.append(text)

    def output(self, text: str) -> None:
        self.append(text)


def job(csv: str, *, told: Told, cancelled: bool = False) -> BlockingContext:
    return BlockingContext(
        job_id="job_1",
        type="table_profile",
        user_id="ada",
        session_id="s1",
        user_message="What is in it?",
        agent_type=None,
        context={"csv": csv},
        secrets={},
        attempt=1,
        attempts_max=3,
        created_at=datetime.now(UTC),
        sink=told,
        scratch=Path("unused"),
        stop_asked=lambda: cancelled,
    )


def test_each_column_has_its_most_frequent_value() -> None:
    told = Told()
    result = table_profile(job("city,fruit\nRome,fig\nOslo,fig\nOslo,plum\n", told=told))
    assert result["rows"] == 3
    assert result["columns"]["city"] == {"values": 2, "mostFrequent": "Oslo"}
    assert told == [(0, "Column city"), (50, "Column fruit"), "Looked at 3 rows"]


def test_an_empty_table_fails_for_good() -> None:
    with pytest.raises(Fail, match="empty_table"):
        table_profile(job("city,fruit\n", told=Told()))


def test_a_cancel_ends_it() -> None:
    with pytest.raises(Cancelled):
        table_profile(job("city\nRome\n", told=Told(), cancelled=True))
