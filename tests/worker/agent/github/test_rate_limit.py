from __future__ import annotations

import pytest

from codeforge_worker.agent.github.rate_limit import LONGEST_SECONDS, rate_limited

DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
NOON = 1_795_521_600


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("headers", "after", "sentence"),
    [
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON + 1800)},
            1800,
            "GitHub's rate limit for this token is used up until 2026-11-24 12:30:00 UTC.",
        ),
        ({"retry-after": "90"}, 90, "GitHub's secondary rate limit is used up until 2026-11-24 12:01:30 UTC."),
        ({}, 60, "GitHub's secondary rate limit is used up until 2026-11-24 12:01:00 UTC."),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON - 5)}, 1, "12:00:01 UTC."),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON * 9)}, LONGEST_SECONDS, "2026-11-25 12:00:00"),
    ],
)
def test_the_pause_is_counted_by_githubs_clock(
    status: int, headers: dict[str, str], after: float, sentence: str
) -> None:
    limit = rate_limited(status=status, headers={"date": DATE, **headers}, said="You exceeded a rate limit.")
    assert limit is not None
    assert limit.after == after
    assert sentence in limit.reason


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_without_githubs_clock_ours_counts(date: str | None) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"} | (
        {} if date is None else {"date": date}
    )
    limit = rate_limited(status=429, headers=headers, said="")
    assert limit is not None
    assert limit.after == LONGEST_SECONDS


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, {}),
        (403, {"x-ratelimit-remaining": "12", "x-ratelimit-reset": str(NOON)}),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}),
        (404, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOON)}),
    ],
)
def test_other_refusals_are_no_limit(status: int, headers: dict[str, str]) -> None:
    assert rate_limited(status=status, headers=headers, said="Forbidden") is None
