from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codeforge_common.secrets import REDACTED, Redactor, redact
from codeforge_common.secrets.redaction import MOST_PLACES

# A value that is part of the mark itself would be found in every redacted text.
secrets = st.text(min_size=4, max_size=30).filter(lambda value: value not in REDACTED and REDACTED not in value)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("token ghp_16C7e42F292c6912E7710c838347Ae178B4a.", "token [redacted]"),
        ("x_github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPq", "x_[redacted]"),
        ("gho_abcd1234 ghs_abcd1234, ghu_abcd1234", "[redacted] [redacted], [redacted]"),
        ("Authorization: Bearer abc.def-123_~+/=", "Authorization: Bearer [redacted]"),
        ("authorization: bearer 12345678", "authorization: bearer [redacted]"),
        (
            "extraHeader=Authorization: Basic eC1hY2Nlc3MtdG9rZW46Z2hwXzE=",
            "extraHeader=Authorization: Basic [redacted]",
        ),
        (
            "cloning https://ann:p@ss@host.example/a/b.git failed",
            "cloning https://[redacted]@host.example/a/b.git failed",
        ),
        ("redis://:hunter2@store:6379/0", "redis://[redacted]@store:6379/0"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl", "got [redacted]"),
        ("Incorrect API key provided: sk-proj-abcdefghijklmnop", "Incorrect API key provided: [redacted]"),
    ],
)
def test_what_looks_like_a_credential_is_replaced(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Cloning https://github.com/a/b (branch main)",
        "mail ann@example.org about the bearer of bad news",
        "Basic understanding of a task-runner, disk-space-is-low-on-machine",
        "redis://localhost:6379/0 and then a@b",
        "the word ghp_ alone",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "part", ["eyJ", "-eyJ", "eyJabcdefgh.", "Bearer ", "://", "://a", "a@", "sk-", "-sk-", "ghp_", " "]
)
def test_a_hostile_text_takes_no_longer_than_another(part: str) -> None:
    text = part * (200_000 // len(part))
    started = time.monotonic()
    redact(text)
    assert time.monotonic() - started < 2  # milliseconds; a quadratic shape would take minutes


@given(secret=secrets, before=st.text(), after=st.text())
def test_nothing_of_a_known_secret_is_left_in_text(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret]).text(before + secret + after)


@given(secret=secrets)
def test_nor_as_it_stands_in_json_a_repr_or_an_address(secret: str) -> None:
    redactor = Redactor([secret])
    spelled = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    spelled.add(quote(secret, safe="", errors="replace"))
    assume(all(text not in REDACTED for text in spelled))
    for text in spelled:
        assert text not in redactor.text(f"in {text} here")


@given(first=secrets, second=secrets, data=st.data())
def test_overlapping_secrets_leave_nothing_of_either(first: str, second: str, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, min(len(first), len(second))))
    assert Redactor([first, second]).text(f"{first}{second}").count(REDACTED) >= 1
    shared = first[len(first) - overlap :] + second[overlap:]
    assume(len(shared) >= 4 and shared not in REDACTED and REDACTED not in shared)
    text = first + second[overlap:]
    clean = Redactor([first, shared]).text(text)
    assert clean == REDACTED


def test_each_line_of_a_secret_with_several_lines_is_found() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n"
    assert Redactor([key]).text("line MIIEvQIBADANBgkq shown") == f"line {REDACTED} shown"


def test_values_are_cleaned_at_every_depth() -> None:
    class Holder:
        def __repr__(self) -> str:
            return "Holder(hunter2)"

    value: Any = {"a": ["hunter2", 1, None, True, ("x hunter2",)], "hunter2": {"b": Holder()}, "n": 1.5}
    assert Redactor(["hunter2"]).clean(value) == {
        "a": [REDACTED, 1, None, True, [f"x {REDACTED}"]],
        REDACTED: {"b": f"Holder({REDACTED})"},
        "n": 1.5,
    }
    assert value["a"][0] == "hunter2"


def test_a_secret_is_known_while_one_of_its_holders_is_there() -> None:
    redactor = Redactor()
    with redactor.holding(["hunter2"]):
        with redactor.holding(["hunter2", "other-one"]):
            assert redactor.text("hunter2 other-one") == f"{REDACTED} {REDACTED}"
        assert redactor.text("hunter2 other-one") == f"{REDACTED} other-one"
    assert redactor.text("hunter2") == "hunter2"


def test_without_shapes_it_replaces_known_values_alone() -> None:
    redactor = Redactor(['hun"ter2'])
    value = {"postgres://app:app@host": ['ghp_abcd1234 hun"ter2', r"hun\"ter2", 1]}
    assert redactor.clean(value, shapes=False) == {"postgres://app:app@host": ["ghp_abcd1234 [redacted]", REDACTED, 1]}
    assert redactor.text("Bearer 12345678 hun%22ter2", shapes=False) == f"Bearer 12345678 {REDACTED}"


def test_values_under_four_characters_stay_in_innocent_words() -> None:
    assert Redactor(["abc", ""]).text("abc is the alphabet") == "abc is the alphabet"


def test_a_text_without_secrets_is_passed_through_untouched() -> None:
    text = "Cloning into a workspace, 42 %"
    assert Redactor(["hunter2"]).text(text) is text


def test_a_text_that_is_all_secret_is_replaced_as_a_whole() -> None:
    assert Redactor(["aaaa"]).text("a" * (MOST_PLACES + 2)) == "[redacted]"
    assert Redactor(["aaaa"]).text("b" + "a" * MOST_PLACES + "b") == "b[redacted]b"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_characters="\0"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_characters="\0"), max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)
telling = st.sampled_from(
    ["", "ghp_abcd1234", "x eyJabcdefgh.abcd.", "\neyJabcdefgh.abcd.", "://a:b@c", "Bearer 12345678"]
)


@given(value=json_values, more=telling, known=secrets.filter(lambda value: "\0" not in value), holds=st.booleans())
def test_it_finds_something_just_where_it_would_replace_something(
    value: Any, more: str, known: str, holds: bool
) -> None:
    redactor = Redactor([known])
    value = [value, {more: [known if holds else ""]}]
    assert redactor.finds_in(value) == (redactor.clean(value) != value)
