from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeforge_worker.agent.edit.encoding import decoded
from codeforge_worker.agent.edit.refused import Refused


@pytest.mark.parametrize(
    ("content", "text", "label"),
    [
        (b"", "", "UTF-8"),
        (b"plain\n", "plain\n", "UTF-8"),
        ("Xin chào\n".encode(), "Xin chào\n", "UTF-8"),
        (b"\xef\xbb\xbfid\n", "id\n", "UTF-8 with BOM"),
        (b"\xff\xfeH\0i\0", "Hi", "UTF-16"),
        (b"\xfe\xff\0H\0i", "Hi", "UTF-16"),
        ("café".encode("latin-1"), "café", "Latin-1"),
        ("5 €".encode("cp1252"), "5 €", "Windows-1252"),
        (b"\x81\xe9", "\x81é", "Latin-1"),
    ],
)
def test_what_can_be_told_of_the_bytes(content: bytes, text: str, label: str) -> None:
    found = decoded(content)
    assert found is not None
    assert (found[0], found[1].label) == (text, label)


@pytest.mark.parametrize(
    "content", [b"a\0b", b"\x89PNG\r\n\0\0", b"\xff\xfeH", b"\xff\xfe\0\xd8a\0", b"\xff\xfe\0\0a\0\0\0"]
)
def test_what_is_binary(content: bytes) -> None:
    assert decoded(content) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_the_same_bytes_come_out_again(content: bytes) -> None:
    found = decoded(content)
    if found is not None:
        text, encoding = found
        assert encoding.encode(text) == content


def test_a_character_that_the_encoding_lacks_is_refused_and_named() -> None:
    found = decoded("café\n".encode("latin-1"))
    assert found is not None
    with pytest.raises(Refused, match=r"Latin-1, which can't hold '\\u1ebf' \(line 2\)"):
        found[1].encode("café\nthế\n")
