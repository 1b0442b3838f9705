from __future__ import annotations

from typing import Any

import pytest

from codeforge_gateway.errors import InvalidRequest
from codeforge_gateway.sealing import MOST_SECRETS, fresh_secrets, without_secrets

BODY: dict[str, Any] = {"userId": "ada", "sessionId": "s", "userMessage": "hello", "context": {}}


@pytest.mark.parametrize(
    "address",
    ["https://ada@github.com/a/b", "https://a:b@github.com/a/b", "ssh://git@github.com/a/b", "ada:word@github.com/a/b"],
)
def test_credentials_in_an_address_are_refused(address: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        without_secrets(BODY | {"context": {"repository": address}}, [])
    assert [fault.path for fault in refused.value.faults] == ["context.repository"]


@pytest.mark.parametrize(
    "address", ["a/b", "git@github.com:a/b", "https://github.com/a/b@v1", "https://github.com/a?x=y@z", 7, None]
)
def test_other_addresses_are_let_through(address: object) -> None:
    body = BODY | {"context": {"repository": address}}
    assert without_secrets(body, []) == (body, {})


def test_a_secret_too_short_to_tell_is_in_many_an_id() -> None:
    rest, secrets = without_secrets(BODY | {"context": {"pin": "ada"}}, ["context.pin"])
    assert (rest["userId"], secrets) == ("ada", {"context.pin": "ada"})


def test_too_many_secrets_are_refused() -> None:
    for count in (MOST_SECRETS, MOST_SECRETS + 1):
        body = BODY | {"context": {"keys": [f"key-{number}" for number in range(count)]}}
        if count <= MOST_SECRETS:
            assert len(without_secrets(body, ["context.keys"])[1]) == count
        else:
            with pytest.raises(InvalidRequest):
                without_secrets(body, ["context.keys"])


def test_a_retry_brings_what_stands_in_lists_and_below_a_field() -> None:
    body = {"context": {"mirrors": [{"password": "a"}, {"password": "b"}], "login": {"user": "u"}}}
    fields = ["context.mirrors.password", "context.login"]
    assert set(fresh_secrets(body, fields, context={})) == {
        "context.mirrors.0.password",
        "context.mirrors.1.password",
        "context.login.user",
    }


def test_a_retry_without_secrets_needs_none() -> None:
    assert fresh_secrets({"context": {}}, ["context.key"], context={"githubContext": {}}) == {}
