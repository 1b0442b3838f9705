"""I1-I5: the other half of the random histories, in a file of its own so that two processes share them."""

from __future__ import annotations

import pytest

from tests.common.store.tell import tell


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4, 8))
def test_invariants_hold_in_further_histories(redis_url: str, part: int) -> None:
    tell(redis_url, part=part)
