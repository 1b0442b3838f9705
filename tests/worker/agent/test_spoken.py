from __future__ import annotations

from collections.abc import Sequence

import pytest

from codeforge_worker.agent import spoken

NAMES = ("rocket", "versace-landing", "docs")


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("In my Rocket repo, fix it", [("rocket", "")]),
        ("the repository called “rocket” is", [("the", "rocket")]),
        ("rocket; repo", [("", "")]),
        ("a repo and the kho rocket", [("a", "and"), ("the", "rocket")]),
        ("repos, repository-like", []),
    ],
)
def test_what_stands_beside_the_word_repository(text: str, pairs: Sequence[tuple[str, str]]) -> None:
    assert spoken.neighbours(text) == pairs


@pytest.mark.parametrize(
    ("pair", "found"),
    [
        (("the", "rocket"), ["rocket"]),
        (("docs", "rocket"), ["rocket"]),
        (("rocket", "versace-landing"), ["rocket"]),
        (("docs", ""), ["docs"]),
        (("the", ""), []),
    ],
)
def test_a_telling_name_goes_before_a_common_one(pair: tuple[str, str], found: Sequence[str]) -> None:
    assert spoken.beside([pair], names=NAMES) == found


def test_common_words_alone_mean_no_repository() -> None:
    assert spoken.alone("Write docs for rocket. Rocket!", names=NAMES) == ["rocket"]
