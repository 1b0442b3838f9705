from __future__ import annotations

import pytest

from codeforge_gateway.chat.history import fitting


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("", 10, ""),
        ("0123456789", 10, "0123456789"),
        ("01234567890", 10, "0123456…"),
        ("öööööö", 12, "öööööö"),
        ("öööööö", 11, "öööö…"),
        ("öööööö", 10, "ööö…"),
        ("🔧🔧🔧", 11, "🔧🔧…"),
    ],
)
def test_a_text_is_cut_between_characters(text: str, most: int, kept: str) -> None:
    assert fitting(text, most=most) == kept
    assert len(kept.encode()) <= most


def test_halves_of_a_character_are_put_together_and_lone_ones_replaced() -> None:
    assert fitting("\ud83d\udd27 and \ud83d.", most=100) == "🔧 and \ufffd."
