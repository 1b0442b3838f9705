from __future__ import annotations

import math

import pytest

from codeforge_common.errors import StoreUnavailable
from codeforge_common.handler import Fail, Retry
from codeforge_common.handler.outcome import HandlerRaised, explain


def test_a_failure_reads_as_code_and_message() -> None:
    fail = Fail("no_repository", "There is no such repository.", result={"partial": 1})
    assert str(fail) == "no_repository: There is no such repository."
    assert fail.result == {"partial": 1}


@pytest.mark.parametrize("after", [-1, math.nan, math.inf])
def test_a_retry_refuses_what_is_no_time(after: float) -> None:
    with pytest.raises(ValueError, match="can't begin in"):
        Retry(after)


class Rude(Exception):
    def __str__(self) -> str:
        raise LookupError("no words")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (KeyError(), "KeyError"),
        (Rude(), "Rude"),
        (StoreUnavailable("away"), "store_unavailable: away"),
        (HandlerRaised("ValueError: bad"), "ValueError: bad"),
    ],
)
def test_an_error_is_explained_in_one_sentence(error: Exception, text: str) -> None:
    assert explain(error) == text
