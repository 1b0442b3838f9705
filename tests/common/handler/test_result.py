from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_common.handler import Fail
from codeforge_common.handler.result import (
    ABRIDGED_OVER_BYTES,
    MEMBER_BYTES,
    MOST_LEVELS,
    Json,
    abridge,
    encode,
    encode_clean,
)
from codeforge_common.secrets import Redactor

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3000),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=40), inner, max_size=12),
    max_leaves=20,
)


def test_a_result_is_compact_and_in_its_own_letters() -> None:
    assert encode({"city": "Đà Nẵng", "n": [1, None]}, max_bytes=100) == '{"city":"Đà Nẵng","n":[1,null]}'


def test_what_is_json_already_is_taken_as_it_is() -> None:
    assert encode(Json('{"a": 1}'), max_bytes=100) == '{"a": 1}'


@pytest.mark.parametrize("value", [object(), math.nan, {1, 2}, b"bytes", "\ud800"])
def test_what_is_no_json_fails_for_good(value: Any) -> None:
    with pytest.raises(Fail) as caught:
        encode(value, max_bytes=100)
    assert caught.value.code == "result_not_json"


class Odd(dict[str, int]):
    """Looks like a result."""

    def items(self) -> Any:
        raise LookupError("nothing here")


def test_one_that_raises_when_it_is_written_fails_for_good() -> None:
    with pytest.raises(Fail, match=r"result_not_json: .*LookupError: nothing here"):
        encode(Odd(a=1), max_bytes=100)


def nested(levels: int) -> Any:
    value: Any = "[" * 200 + '"' + "{" * 200
    for level in range(levels):
        value = {"in": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 900, 100_000])
def test_one_that_is_nested_too_deep_fails_for_good(levels: int) -> None:
    with pytest.raises(Fail, match="step_result_too_deep: The step result is nested deeper than 100 levels"):
        encode(nested(levels), max_bytes=10_000_000, kind="step_result")


def test_what_is_deep_enough_or_only_long_is_kept() -> None:
    values: list[Any] = [nested(MOST_LEVELS), [[]] * 500, "]" * 500 + "[" * 500]
    for value in values:
        assert json.loads(encode(value, max_bytes=10_000)) == value


def test_the_limit_counts_bytes_and_not_characters() -> None:
    assert encode("é" * 4, max_bytes=10)
    with pytest.raises(Fail) as caught:
        encode("é" * 5, max_bytes=10)
    assert caught.value.code == "result_too_large"


def test_a_short_result_has_no_short_form() -> None:
    assert abridge(json.dumps("x" * (ABRIDGED_OVER_BYTES - 2))) is None
    assert abridge(json.dumps("x" * (ABRIDGED_OVER_BYTES - 1))) is not None


def test_long_strings_are_cut_and_other_long_members_left_out() -> None:
    result = {
        "workflow": "analyze",
        "summary": "é" * 5000,
        "facts": list(range(1000)),
        "few": [1, 2],
        "exact": "x" * MEMBER_BYTES,
    }
    text = abridge(encode(result, max_bytes=10**6))
    assert text is not None
    short = json.loads(text)
    assert short == {
        "workflow": "analyze",
        "summary": "é" * (MEMBER_BYTES // 2),
        "few": [1, 2],
        "exact": "x" * MEMBER_BYTES,
        "truncated": True,
    }


def test_what_is_no_object_leaves_only_its_beginning() -> None:
    assert abridge(json.dumps(list(range(10_000)))) == '{"truncated":true}'
    text = abridge(json.dumps("y" * 10_000))
    assert text is not None
    assert json.loads(text) == {"text": "y" * MEMBER_BYTES, "truncated": True}


@given(json_values)
def test_a_short_form_is_json_and_short(result: Any) -> None:
    text = encode(result, max_bytes=10**7)
    short = abridge(text)
    if short is None:
        assert len(text.encode()) <= ABRIDGED_OVER_BYTES
    else:
        assert len(short.encode()) <= ABRIDGED_OVER_BYTES
        assert json.loads(short)["truncated"] is True


REDACTOR = Redactor(["hunter2", "123456"])


def test_a_result_is_kept_without_secrets() -> None:
    value = {"hunter2": ["the key is hunter2"], "number": 1234567, "fine": 1}
    text = encode_clean(value, redactor=REDACTOR, max_bytes=1000)
    assert json.loads(text) == {"[redacted]": ["the key is [redacted]"], "number": 1234567, "fine": 1}


def test_what_only_looks_like_a_secret_may_stay() -> None:
    value = ["postgres://app:app@host", "hunter2"]
    assert encode_clean(value, redactor=REDACTOR, max_bytes=1000) == '["postgres://[redacted]@host","[redacted]"]'
    text = encode_clean(value, redactor=REDACTOR, max_bytes=1000, shapes=False)
    assert text == '["postgres://app:app@host","[redacted]"]'


def test_one_that_is_too_large_fails_under_its_kind() -> None:
    with pytest.raises(Fail) as failed:
        encode_clean("x" * 10, redactor=REDACTOR, max_bytes=10, kind="step_result")
    assert failed.value.code == "step_result_too_large"
