"""I1-I5: random histories over the real scripts against a model, half of them; the others run beside these."""

from __future__ import annotations

import pytest

from tests.common.store.tell import tell


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
def test_invariants_hold_in_random_histories(redis_url: str, part: int) -> None:
    tell(redis_url, part=part)
