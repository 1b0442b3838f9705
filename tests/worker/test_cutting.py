from __future__ import annotations

import pytest

from codeforge_common.secrets import REDACTED
from codeforge_worker import cutting

SECRET = "open-sesame"


@pytest.mark.parametrize("before", range(90, 101))
def test_a_secret_is_not_torn_in_two(before: int) -> None:
    first, last = "x" * before, "y" * before
    clean = f"{first}{REDACTED}{last}"
    assert cutting.beginning(first + SECRET + last, 100, secrets=[SECRET]) == clean[:100]
    assert cutting.end(first + SECRET + last, 100, secrets=[SECRET]) == clean[-100:]


def test_a_short_text_stays_as_it_is() -> None:
    assert cutting.beginning(SECRET, len(SECRET), secrets=[SECRET]) == SECRET
    assert cutting.end(SECRET, len(SECRET), secrets=[SECRET]) == SECRET
