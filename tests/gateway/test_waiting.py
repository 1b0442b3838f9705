from __future__ import annotations

import pytest
from starlette.requests import Request

from codeforge_gateway.waiting import applied, wanted_seconds


def asking(*prefer: str) -> Request:
    headers = [(b"prefer", value.encode()) for value in prefer]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ([], 0),
        (["wait=7"], 7),
        (["Wait = 7"], 7),
        (['wait="7"'], 7),
        (["respond-async, wait=7"], 7),
        (["respond-async", "handling=lenient; x=1, wait=7"], 7),
        (["wait=600"], 25),
        (["wait=99999999999999999999"], 0),
        (["wait=0"], 0),
        (["wait=-1"], 0),
        (["wait=soon"], 0),
        (["await=7"], 0),
        (["wait"], 0),
    ],
)
def test_the_preference_is_read_as_rfc_7240_writes_it(prefer: list[str], seconds: float) -> None:
    assert wanted_seconds(asking(*prefer), most=25) == seconds


def test_what_was_applied_is_told() -> None:
    assert applied(7)["Preference-Applied"] == "wait=7"
    assert applied(0) == {}
