"""What is held back of a text that goes on, so that a secret can't pass in two halves."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_common.secrets import REDACTED, Redactor
from codeforge_common.secrets.redaction import redact


def streamed(redactor: Redactor, pieces: list[str]) -> str:
    """What people see of a text that comes in ``pieces``."""
    shown, held = "", ""
    for piece in pieces:
        held += piece
        settled = redactor.settled(held)
        shown += redactor.text(held[:settled])
        held = held[settled:]
    return shown + redactor.text(held)


def once(text: str) -> str:
    """With marks that stand side by side as one."""
    return re.sub(f"(?:{re.escape(REDACTED)})+", REDACTED, text)


letters = st.text("ab ", min_size=4, max_size=7)


@given(values=st.lists(letters, max_size=3), text=st.text("ab :", max_size=60), data=st.data())
def test_in_pieces_the_same_is_shown_as_in_one(values: list[str], text: str, data: Any) -> None:
    redactor = Redactor(values)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert once(streamed(redactor, pieces)) == once(redactor.text(text))


CREDENTIALS = [
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPq",
    "sk-proj-abcdefghijklmnop",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl",
    "Bearer  abc.def-123_~+/=",
    "Authorization: Basic eC1hY2Nlc3MtdG9rZW46Z2hwXzE=",
    "https://ann:p@ss@host.example/a/b.git",
    "redis://:hunter2@store:6379/0",
]


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_what_looks_like_a_credential_passes_in_no_two_halves(credential: str) -> None:
    text = f"It is {credential} and more"
    for cut in range(len(text)):
        assert streamed(Redactor(), [text[:cut], text[cut:]]) == redact(text)
    assert streamed(Redactor(), list(text)) == redact(text)


@pytest.mark.parametrize("text", ["", "Hello world", "a higher sum", "what next?", "at 10:30 in /tmp", "über", "a.b "])
def test_of_an_ordinary_text_nothing_is_held_back(text: str) -> None:
    assert Redactor(["hunter2"]).settled(text) == len(text)


@pytest.mark.parametrize("text", ["someone", "Beware of bugs", "gh", "see:"])
def test_a_pause_holds_back_no_letter_that_words_end_with(text: str) -> None:
    assert Redactor().settled(text) < len(text)
    assert Redactor().settled(text, pausing=True) == len(text)


@pytest.mark.parametrize("text", ["it is hunt", "ghp_16C7", "eyJhbGci", "Bearer ", "http://ann:pass"])
def test_a_pause_holds_back_what_is_known_or_looks_like_a_credential(text: str) -> None:
    assert Redactor(["hunter2"]).settled(text, pausing=True) < len(text)


@pytest.mark.parametrize(("text", "held"), [("it is hunt", "hunt"), ("hunter2", ""), ("hunter2hu", "hu"), ("h", "h")])
def test_of_a_known_secret_its_beginning_is_held_back(text: str, held: str) -> None:
    assert text[Redactor(["hunter2"]).settled(text) :] == held
