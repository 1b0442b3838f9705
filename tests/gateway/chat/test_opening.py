from __future__ import annotations

import pytest

from codeforge_gateway.chat.opening import MARK, Opening


def shown(*pieces: str) -> tuple[list[str], bool]:
    opening = Opening()
    texts = [text for piece in pieces if (text := opening.take(piece))]
    if rest := opening.rest():
        texts.append(rest)
    return texts, opening.marked


def test_an_answer_without_the_mark_passes_as_it_comes() -> None:
    assert shown("Hel", "lo ", MARK) == (["Hel", "lo ", MARK], False)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_mark_is_taken_off_however_it_is_cut(size: int) -> None:
    text = f"\n {MARK.upper()}\n\nThat is work."
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    texts, marked = shown(*pieces)
    assert ("".join(texts), marked) == ("That is work.", True)


def test_only_what_may_become_the_mark_is_held_back() -> None:
    assert shown("[", "[bac", "kwards") == (["[[backwards"], False)
    assert shown("[link](x)") == (["[link](x)"], False)


def test_an_answer_that_ends_within_the_mark_is_shown() -> None:
    assert shown("[[back") == (["[[back"], False)
    assert shown(MARK) == ([], True)


def test_the_mark_counts_once() -> None:
    assert shown(f"{MARK} {MARK} x") == ([f"{MARK} x"], True)
