from __future__ import annotations

from typing import Any

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.batch import WrongAnswer, batches, ends_of
from codeforge_worker.ending import Raised, Returned
from tests.worker.fake_store import run_of


@pytest.mark.parametrize(
    ("claimed", "runs"),
    [
        ("", []),
        ("a1 a2", ["a1", "a2"]),
        ("m1 m2 m3 m4", ["m1 m2 m3", "m4"]),
        ("a1 m1 m2 a2", ["a1", "a2", "m1 m2"]),
        # A repeated claim is answered in any order.
        ("m1 a1 m2 m3 a2 m4", ["m1 m2 m3", "m4", "a1", "a2"]),
    ],
)
def test_a_claim_s_runs_as_slots_take_them(claimed: str, runs: list[str]) -> None:
    given = [run_of(job, job_type=job[0]) for job in claimed.split()]
    found = [" ".join(run.job_id for run in together) for together in batches(given, sizes={"a": 1, "m": 3})]
    assert found == runs


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
