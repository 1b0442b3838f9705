"""How much goes in one call of the store."""

from __future__ import annotations

import pytest

from codeforge_common.store import Outcome, OutcomeKind, Report
from codeforge_worker.call_weight import MOST, fitting, weight_of_outcome, weight_of_report


def report(*, lines: int = 0, output: int = 0) -> Report:
    return Report(job_id="job", token=1, number=1, lines=["[00:00:00] " + "é" * 120] * lines, output="é" * output)


@pytest.mark.parametrize(
    ("weights", "number"),
    [([], 0), ([1], 1), ([MOST + 1], 1), ([MOST - 1, 1], 2), ([MOST - 1, 2], 1), ([1, MOST, 1], 1), ([1] * 99, 99)],
)
def test_as_many_go_together_as_there_is_room_for_and_one_always(weights: list[int], number: int) -> None:
    assert fitting(weights) == number


def test_a_call_takes_the_progress_of_64_runs_but_the_full_logs_of_a_few() -> None:
    assert fitting(weight_of_report(report()) for _ in range(99)) == 64
    assert fitting(weight_of_report(report(lines=1000)) for _ in range(99)) == 3


def test_bytes_count_and_not_letters() -> None:
    assert weight_of_report(report(output=1000)) - weight_of_report(report()) == 2000
    assert weight_of_report(report(lines=1)) - weight_of_report(report()) > 240


def test_an_outcome_weighs_what_it_carries() -> None:
    def outcome(**given: object) -> int:
        return weight_of_outcome(Outcome(job_id="job", token=1, kind=OutcomeKind.COMPLETED, **given))  # type: ignore[arg-type]

    assert outcome(result="é" * 1000) - outcome() == 2000
    assert outcome(reports=[report(lines=9)] * 2) - outcome() == 2 * weight_of_report(report(lines=9))
