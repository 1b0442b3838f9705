"""What the metrics say of a worker's jobs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from codeforge_common.handler.ending import Stop
from codeforge_common.job import TERMINAL, Status
from codeforge_common.store import OutcomeKind, Run, Settled, Verdict
from codeforge_common.telemetry.metrics import ClaimCause, Metrics
from codeforge_worker.attempt import Attempt


class Accounts:
    """Counts what is taken, how it ends and what the store thinks of that."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._finished = cache(metrics.jobs_finished.labels)  # found four times as fast

    def claimed(self, jobs: int, *, cause: ClaimCause) -> None:
        """A claim was answered; only one that took work counts."""
        if jobs:
            self._metrics.claims.labels(cause=cause).inc()

    def began(self, runs: Iterable[Run]) -> None:
        """The runs of these jobs began."""
        for run in runs:
            self._metrics.job_wait_seconds.labels(run.type).observe(run.waited_ms / 1000)

    def ended(self, attempt: Attempt) -> None:
        """No code of the run can go on; where there is an outcome, the store hears of it next."""
        became = attempt.became or OutcomeKind.HANDED_BACK
        self._metrics.job_run_seconds.labels(attempt.run.type, became).observe(attempt.took)
        if attempt.stopped is Stop.FENCED:
            self._metrics.fenced.inc()
        elif attempt.stopped is Stop.GONE:
            self._metrics.jobs_vanished.inc()

    def settled(self, attempt: Attempt, settled: Settled) -> None:
        """The store has said what became of an outcome."""
        job_type = attempt.run.type
        if settled.verdict is Verdict.FENCED:
            self._metrics.fenced.inc()
        elif settled.verdict is Verdict.GONE:
            self._metrics.jobs_vanished.inc()
        elif settled.status in TERMINAL:
            self._finished(job_type, settled.status).inc()
        elif settled.status in (Status.WAITING, Status.DELAYED) and attempt.retry is not None:
            self._metrics.job_retries.labels(type=job_type, reason=attempt.retry).inc()
