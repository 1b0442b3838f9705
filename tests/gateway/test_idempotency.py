from __future__ import annotations

import pytest
from starlette.requests import Request

from codeforge_gateway.errors import InvalidRequest
from codeforge_gateway.idempotency import idempotency, key_of


def asking(key: str | None) -> Request:
    headers = [] if key is None else [(b"idempotency-key", key.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers})


def test_no_header_no_key() -> None:
    assert key_of(asking(None)) is None
    assert idempotency(None, route="r", body={}) is None


@pytest.mark.parametrize("key", ["a", "x" * 255, '"quoted"', "a:b:c"])
def test_a_key_becomes_a_digest_without_a_separator(key: str) -> None:
    found = key_of(asking(key))
    assert found is not None
    assert len(found) == 64
    assert ":" not in found


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ä"])
def test_a_key_has_its_limits(key: str) -> None:
    with pytest.raises(InvalidRequest) as told:
        key_of(asking(key))
    assert [fault.path for fault in told.value.faults] == ["Idempotency-Key"]


def test_the_order_of_members_makes_no_other_body() -> None:
    one = idempotency("k", route="r", body={"a": 1, "b": {"c": 2, "d": 3}})
    same = idempotency("k", route="r", body={"b": {"d": 3, "c": 2}, "a": 1})
    other = idempotency("k", route="r", body={"a": 1, "b": {"c": 2, "d": 4}})
    assert one == same != other
