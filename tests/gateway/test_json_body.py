from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_gateway.errors import InvalidJson
from codeforge_gateway.json_body import parse


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 400 + b".0}",
        b'{"a":' + b"9" * 20 + b"}",
        b'{"a":-' + b"9" * 20 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
        b'{"a":["\\u0000"]}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":1} {"b":2}',
        b"\xef\xbb\xbf{}",
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}",
    ],
)
def test_what_cant_be_read_or_stored_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse(body)


def test_of_a_member_that_comes_twice_the_last_counts() -> None:
    assert parse(b'{"a":1,"a":2}') == {"a": 2}


def test_the_edges_are_read() -> None:
    body = {"a": 2**64 - 1, "b": -(2**63), "c": 1e308, "d": "\\u0000", "e": "😀", "f": {}}
    assert parse(json.dumps(body).encode()) == body
    deep: Any = 1
    for _ in range(190):
        deep = {"a": deep}
    assert parse(json.dumps(deep).encode()) == deep


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused_without_a_word_of_them(body: bytes) -> None:
    try:
        outcome: object = parse(body)
    except InvalidJson as error:
        outcome = str(error)
    text = body.decode("latin-1")
    assert isinstance(outcome, dict) or len(text) < 8 or text not in str(outcome)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NUMBER = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXT, JSON, max_size=4), st.booleans())
def test_every_object_that_can_be_stored_comes_through(value: dict[str, Any], ascii: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii).encode()) == value
