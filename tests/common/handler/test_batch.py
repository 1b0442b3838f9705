from __future__ import annotations

from typing import Any

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_common.handler.batch import WrongAnswer, ends_of
from codeforge_common.handler.ending import Raised, Returned


def test_each_job_has_its_own_end_in_what_was_returned() -> None:
    fail, retry, error = Fail("no", "Never."), Retry(5), ValueError("bad luck")
    ends = ends_of(Returned(["done", fail, retry, error, None]), jobs=5)
    assert ends == [Returned("done"), Raised(fail), Raised(retry), Raised(error), Returned(None)]


def test_what_is_raised_is_the_end_of_all() -> None:
    error = Raised(ValueError("bad luck"))
    assert ends_of(error, jobs=2) == [error, error]


@pytest.mark.parametrize(
    ("answer", "found"), [([1], "1"), ((1, 2, 3), "3"), ("ab", "a str"), ({1: 1, 2: 2}, "a dict"), (None, "a NoneType")]
)
def test_anything_but_one_outcome_for_each_fails_all(answer: Any, found: str) -> None:
    ends = ends_of(Returned(answer), jobs=2)
    assert len(ends) == 2
    for end in ends:
        assert isinstance(end, Raised)
        assert isinstance(end.error, WrongAnswer)
        assert f"returned {found} for 2 jobs" in str(end.error)
