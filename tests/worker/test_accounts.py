"""What is counted of an attempt's end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from codeforge_common.store import OutcomeKind
from codeforge_common.telemetry.metrics import create_metrics
from codeforge_worker.accounts import Accounts
from codeforge_worker.attempt import Attempt
from tests.worker.fake_store import run_of


@pytest.mark.parametrize(("attempt", "counted"), [(2, OutcomeKind.RETRY), (3, OutcomeKind.FAILED)])
def test_the_last_attempt_that_asks_for_another_counts_as_failed(attempt: int, counted: OutcomeKind) -> None:
    metrics = create_metrics()
    ended: Any = SimpleNamespace(
        run=run_of("job", attempt=attempt, attempts_max=3),
        outcome=SimpleNamespace(kind=OutcomeKind.RETRY),
        took=0.5,
        stopped=None,
    )
    ended.became = cast(property, Attempt.became).__get__(ended)
    Accounts(metrics).ended(ended)
    labels = {"type": ended.run.type, "outcome": counted}
    assert metrics.registry.get_sample_value("codeforge_job_run_seconds_count", labels) == 1
