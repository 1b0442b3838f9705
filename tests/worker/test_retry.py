from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codeforge_worker.retry import JITTER, backoff


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def test_each_pause_is_twice_as_long_up_to_the_longest() -> None:
    pauses = [backoff(attempt, first=2, longest=30, draw=middle) for attempt in range(1, 7)]
    assert pauses == [2, 4, 8, 16, 30, 30]


@given(st.integers(1, 10_000), st.floats(0, 100), st.floats(0, 1000))
def test_jitter_stays_within_its_share_and_below_the_longest(attempt: int, first: float, longest: float) -> None:
    pause = backoff(attempt, first=first, longest=longest)
    exact = backoff(attempt, first=first, longest=longest, draw=middle)
    assert exact * (1 - JITTER) * 0.999 <= pause <= longest
