"""Where two texts begin to differ, and where they end to."""

from __future__ import annotations

from typing import AnyStr


def common_ends(old: AnyStr, new: AnyStr) -> tuple[int, int]:
    """How much both have in common at their beginning, and then, of what is left, at their end."""
    begin = _common_prefix(old, new)
    return begin, _common_prefix(old[begin:][::-1], new[begin:][::-1])


def _common_prefix(one: AnyStr, other: AnyStr) -> int:
    """By halves, because comparing two slices is a thousand times as fast as looking at each character."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
