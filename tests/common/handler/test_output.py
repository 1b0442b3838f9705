from __future__ import annotations

import pytest

from codeforge_common.handler.output import PIECE_BYTES, OutputBuffer, fitting
from codeforge_common.secrets import Redactor


def buffer(*, room: int = 1000) -> OutputBuffer:
    return OutputBuffer(room=room, redactor=Redactor(["hunter2"]))


def rest(output: OutputBuffer) -> str:
    """All that comes out at the end."""
    pieces = []
    while output.settle(last=True):
        pieces.append(output.take())
    return "".join(pieces)


def test_text_comes_out_as_it_went_in() -> None:
    output = buffer()
    for text in ("one\n", "", "two ", "drei: ü\n"):
        assert output.write(text)
    assert output.settle()
    assert output.take() == "one\ntwo drei: ü\n"
    assert not output.settle()


def test_a_secret_in_two_halves_stays_out() -> None:
    output = buffer()
    output.write("the key is hunt")
    assert output.settle()
    assert output.take() == "the key is "
    assert not output.settle()
    output.write("er2, fine")
    assert output.settle()
    assert output.take() == "[redacted], fin"
    assert output.settle(pausing=True)
    assert output.take() == "e"


def test_what_looked_like_the_beginning_of_a_secret_comes_at_the_end() -> None:
    output = buffer()
    output.write("let us go on a hunt")
    assert output.settle()
    assert output.take() == "let us go on a "
    assert rest(output) == "hunt"


def test_it_comes_in_pieces() -> None:
    output = buffer(room=10**6)
    output.write("é" * PIECE_BYTES)
    pieces = []
    while output.settle():
        pieces.append(output.take())
    assert [len(piece.encode()) for piece in pieces] == [PIECE_BYTES] * 2


@pytest.mark.parametrize("text", ["x" * 10, "é" * 5])
def test_as_much_as_there_is_room_for_and_no_more(text: str) -> None:
    output = buffer(room=10)
    assert output.write(text)
    assert not output.write("y")
    assert output.write("z")  # it says so once
    assert rest(output) == text


def test_it_is_cut_between_two_characters() -> None:
    output = buffer(room=4)
    assert not output.write("aéé")
    assert rest(output) == "aé"


def test_a_cut_shows_no_half_of_a_secret() -> None:
    output = buffer(room=9)
    assert not output.write("abchunter2")
    assert rest(output) == "abc"


def test_no_room_at_all() -> None:
    output = buffer(room=-5)
    assert not output.write("x")
    assert rest(output) == ""


def test_what_fits() -> None:
    assert [fitting("aé€", size) for size in range(7)] == ["", "a", "a", "aé", "aé", "aé", "aé€"]
