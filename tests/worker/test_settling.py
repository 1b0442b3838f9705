from __future__ import annotations

import json

import pytest

from codeforge_common.handler.ending import REASON_LENGTH, Ending
from codeforge_common.job import RetryReason
from codeforge_common.secrets import Redactor
from codeforge_common.store import OutcomeKind, Report
from codeforge_worker.settling import outcome_of
from tests.worker.fake_store import run_of
from tests.worker.test_runner import RULES

REDACTOR = Redactor(["hunter2", "123456"])


def test_an_outcome_says_how_the_run_ended() -> None:
    report = Report(job_id="job", token=1, number=1)
    result = json.dumps({"text": "x" * 20_000})
    ending = Ending(kind=OutcomeKind.COMPLETED, result=result)
    outcome = outcome_of(run_of("job", token=7), ending, [report], redactor=REDACTOR, rules=RULES)
    assert (outcome.job_id, outcome.token, outcome.result, outcome.reports) == ("job", 7, result, [report])
    assert outcome.abridged is not None
    assert json.loads(outcome.abridged)["truncated"] is True


@pytest.mark.parametrize(("after", "earliest", "latest"), [(7, 7000, 7000), (None, 800, 1000)])
def test_a_retry_begins_when_it_asks_or_after_the_backoff(after: float | None, earliest: int, latest: int) -> None:
    ending = Ending(kind=OutcomeKind.RETRY, reason="hunter2 was refused", retry=RetryReason.FAILURE, after=after)
    outcome = outcome_of(run_of("job"), ending, [], redactor=REDACTOR, rules=RULES)
    assert outcome.reason == "[redacted] was refused"
    assert earliest <= outcome.delay_ms <= latest


@pytest.mark.parametrize("before", range(REASON_LENGTH - 8, REASON_LENGTH + 1))
def test_a_reason_is_cut_and_no_secret_in_two(before: int) -> None:
    ending = Ending(kind=OutcomeKind.FAILED, reason="x" * before + "hunter2" + "y" * 5000)
    reason = outcome_of(run_of("job"), ending, [], redactor=REDACTOR, rules=RULES).reason
    assert reason is not None
    assert len(reason) == REASON_LENGTH
    assert reason.lstrip("x")[0] in "[…"
