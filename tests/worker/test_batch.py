from __future__ import annotations

import pytest

from codeforge_worker.batch import batches
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
