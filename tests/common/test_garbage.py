from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from codeforge_common.garbage import THRESHOLDS, expect_short_lives


@pytest.fixture(autouse=True)
def usual_collector() -> Iterator[None]:
    """Leaves the collector as it was."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_there_is_not_looked_at_again() -> None:
    expect_short_lives()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == THRESHOLDS


def test_new_cycles_are_still_found() -> None:
    expect_short_lives()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() >= 1
