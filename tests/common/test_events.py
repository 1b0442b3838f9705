"""Times and lines as people see them."""

from __future__ import annotations

import pytest

from codeforge_common.events import iso, log_line


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_504_120_848, "2026-11-24T07:08:40.848Z"),
        (951_782_400_001, "2000-02-29T00:00:00.001Z"),
        (None, None),
    ],
)
def test_times_are_iso_8601_in_utc(milliseconds: int | None, text: str | None) -> None:
    assert iso(milliseconds) == text


def test_a_log_line_begins_with_the_time_of_day() -> None:
    assert log_line("Cloning repository...", at=1_795_504_120.9) == "[07:08:40] Cloning repository..."
