from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeforge_worker.agent.edit.text import Text

pieces = st.lists(st.sampled_from(["a", "b", " ", "\n", "\r\n", "\r", "é", "ế"]), max_size=30).map("".join)


def text_of(content: str | bytes) -> Text:
    text = Text.parse(content.encode() if isinstance(content, str) else content)
    assert text is not None
    return text


@settings(deadline=None)
@given(pieces)
def test_a_text_becomes_the_same_bytes_again(content: str) -> None:
    assert text_of(content).file == content.encode()
    assert "\r" not in text_of(content).content


@settings(deadline=None)
@given(pieces, pieces)
def test_a_rewritten_text_says_what_was_asked_for(old: str, new: str) -> None:
    before, wanted = text_of(old), text_of(new).content
    after = before.rewritten(new)
    assert after.content.rstrip("\n") == wanted.rstrip("\n")
    assert text_of(after.file).content == after.content
    assert set(after.endings) <= (set(before.endings) or {"\n"})


@settings(deadline=None)
@given(pieces, st.data())
def test_what_is_not_in_the_place_of_a_splice_keeps_its_bytes(content: str, data: st.DataObject) -> None:
    text = text_of(content)
    start = data.draw(st.integers(0, len(text.content)))
    end = data.draw(st.integers(start, len(text.content)))
    after = text.spliced(start, end, "X\nY")
    assert after.content == text.content[:start] + "X\nY" + text.content[end:]
    head, tail = text.spliced(start, len(text.content), ""), text.spliced(0, end, "")
    assert after.file.startswith(head.file)
    assert after.file.endswith(tail.file)


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [
        ("a\r\nb\r\n", "a\nb\nc\n", "a\r\nb\r\nc\r\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n", "a\r\nc\r\n"),
        ("one\r\ntwo\nthree\r\nfour\n", "one\n2\nthree\nfour\n", "one\r\n2\nthree\r\nfour\n"),
        ("a\r\nb\r\nc\n", "a\nx\ny\nb\nc\n", "a\r\nx\r\ny\r\nb\r\nc\n"),
        ("a\n", "b", "b\n"),
        ("a", "b\n", "b"),
        ("a\rb\r", "a\nc\n", "a\rc\r"),
        ("no end", "no end\nat all\n", "no end\nat all"),
        ("", "a", "a"),
        ("", "a\n", "a\n"),
        ("a\n", "", ""),
        ("\ra\na", "\n\na", "\n\na"),
        ("\ra\n", "\n\n\n", "\n\n\n"),
    ],
)
def test_line_ends_are_kept(old: str, new: str, file: str) -> None:
    assert text_of(old).rewritten(new).file == file.encode()


def test_lines_in_the_place_of_others_end_as_those_did() -> None:
    text = text_of("a\nb\nc\r\nd\n")
    start = text.content.index("c")
    assert text.spliced(start, start + len("c\nd"), "X\nY\nZ").file == b"a\nb\nX\r\nY\nZ\n"


def test_encoding_and_mark_are_kept() -> None:
    for codec, mark in (("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        text = text_of(mark + "một\r\n".encode(codec))
        assert text.rewritten("hai\n").file == mark + "hai\r\n".encode(codec)


def test_a_new_text_is_utf_8_with_its_own_line_ends() -> None:
    assert Text.new("mới\r\n").file == "mới\r\n".encode()
    assert Text.new("mới\n").file == "mới\n".encode()
