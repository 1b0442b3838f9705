from __future__ import annotations

import json

import pytest

from codeforge_common.handler import Fail
from codeforge_common.secrets import Redactor
from codeforge_common.store import OutcomeKind, Report
from codeforge_common.telemetry.metrics import RetryReason
from codeforge_worker.ending import Ending
from codeforge_worker.settling import REASON_LENGTH, encode_clean, outcome_of
from tests.worker.fake_store import run_of
from tests.worker.test_runner import RULES

REDACTOR = Redactor(["hunter2", "123456"])


def test_a_result_is_kept_without_secrets() -> None:
    value = {"hunter2": ["the key is hunter2"], "number": 1234567, "fine": 1}
    text = encode_clean(value, redactor=REDACTOR, max_bytes=1000)
    assert json.loads(text) == {"[redacted]": ["the key is [redacted]"], "number": 1234567, "fine": 1}


def test_one_that_is_too_large_fails_under_its_kind() -> None:
    with pytest.raises(Fail) as failed:
        encode_clean("x" * 10, redactor=REDACTOR, max_bytes=10, kind="step_result")
    assert failed.value.code == "step_result_too_large"


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
