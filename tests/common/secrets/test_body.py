from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_common.secrets import take_secrets

SECRET = "s3cr3t-5f2c9a"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=20,
)
keys = st.text(max_size=5)


def test_a_github_token_is_taken_from_every_place_that_clients_use() -> None:
    body = {
        "userId": "u1",
        "githubContext": {"token": "one", "username": "ann"},
        "context": {"repository": "a/b", "githubContext": {"token": "two"}},
    }
    assert take_secrets(body) == (
        {"userId": "u1", "githubContext": {"username": "ann"}, "context": {"repository": "a/b", "githubContext": {}}},
        {"githubContext.token": "one", "context.githubContext.token": "two"},
    )


def test_a_named_field_is_taken_also_inside_lists() -> None:
    body = {"context": {"mirrors": [{"password": "a"}, {"url": "x"}, {"password": "b"}], "password": "kept"}}
    assert take_secrets(body, ["context.mirrors.password"]) == (
        {"context": {"mirrors": [{}, {"url": "x"}, {}], "password": "kept"}},
        {"context.mirrors.0.password": "a", "context.mirrors.2.password": "b"},
    )


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("x", {"context.login": "x"}),
        (1234, {"context.login": "1234"}),
        (True, {"context.login": "true"}),
        ({"user": "u", "codes": ["p", None, 7]}, {"login.user": "u", "login.codes.0": "p", "login.codes.2": "7"}),
        (None, {}),
        ("", {}),
        ({}, {}),
    ],
)
def test_whatever_stands_at_a_secret_path_is_taken_leaf_by_leaf(value: Any, taken: dict[str, str]) -> None:
    rest, found = take_secrets({"context": {"login": value}}, ["context.login"])
    assert rest == {"context": {}}
    assert found == {path if path.startswith("context") else f"context.{path}": leaf for path, leaf in taken.items()}


def test_a_token_elsewhere_is_an_ordinary_value() -> None:
    body = {"token": "t", "context": {"token": "t", "githubContext": "t"}, "githubContext": {"tokens": "t"}}
    assert take_secrets(body) == (body, {})


def test_a_github_token_is_taken_however_it_is_cased_and_nested() -> None:
    body = {
        "GitHubcontext": {"auth": [{"Token": "one", "kind": "app"}]},
        "context": {"githubcontext": {"TOKEN": "two"}},
    }
    assert take_secrets(body) == (
        {"GitHubcontext": {"auth": [{"kind": "app"}]}, "context": {"githubcontext": {}}},
        {"GitHubcontext.auth.0.Token": "one", "context.githubcontext.TOKEN": "two"},
    )


@given(around=json_values, path=st.lists(keys | st.integers(0, 2), max_size=5))
def test_nothing_of_a_github_token_is_left_at_any_depth(around: Any, path: list[str | int]) -> None:
    body: Any = {"githubContext": {"token": SECRET, "around": around}}
    for step in reversed(path):
        body = [around] * step + [body] if isinstance(step, int) else {"around": around, step: body}
    before = copy.deepcopy(body)
    rest, taken = take_secrets(body)
    assert body == before
    assert SECRET not in json.dumps(rest)
    assert SECRET in taken.values()


@given(body=json_values)
def test_a_body_without_secrets_stays_as_it_is(body: Any) -> None:
    assert take_secrets(body, ["context.registry.password"]) == (body, {})


@given(around=json_values, path=st.lists(keys.filter(bool), min_size=1, max_size=3))
def test_nothing_of_a_named_field_is_left(around: Any, path: list[str]) -> None:
    body: Any = SECRET
    for key in reversed(path):
        body = {"around": around, key: body}
    rest, taken = take_secrets(body, [".".join(path)])
    assert SECRET not in json.dumps(rest)
    assert taken == {".".join(path): SECRET}
