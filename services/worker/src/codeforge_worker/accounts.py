"""What the metrics say of a worker's runs."""

from __future__ import annotations

from codeforge_common.job import Status
from codeforge_common.store import OutcomeKind, Run, Settled, Verdict
from codeforge_common.telemetry.metrics import ClaimCause, Metrics
from codeforge_worker.lease import Stop
from codeforge_worker.runner import Execution


class Accounts:
    """Counts what is taken, how it ends and what the store thinks of that."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def claimed(self, runs: int, *, cause: ClaimCause) -> None:
        """A claim was answered; only one that took work counts."""
        if runs:
            self._metrics.claims.labels(cause=cause).inc()

    def began(self, run: Run) -> None:
        """A run began."""
        self._metrics.job_wait_seconds.labels(type=run.type).observe(run.waited_ms / 1000)

    def ended(self, execution: Execution) -> None:
        """No code of a run can go on; where there is an outcome, the store hears of it next."""
        kind = execution.outcome.kind if execution.outcome else OutcomeKind.HANDED_BACK
        self._metrics.job_run_seconds.labels(type=execution.run.type, outcome=kind).observe(execution.seconds)
        if execution.stopped is Stop.FENCED:
            self._metrics.fenced.inc()
        elif execution.stopped is Stop.GONE:
            self._metrics.jobs_vanished.inc()

    def settled(self, execution: Execution, settled: Settled) -> None:
        """The store has said what became of an outcome."""
        job_type = execution.run.type
        if settled.verdict is Verdict.FENCED:
            self._metrics.fenced.inc()
        elif settled.verdict is Verdict.GONE:
            self._metrics.jobs_vanished.inc()
        elif settled.status is not None and settled.status.terminal:
            self._metrics.jobs_finished.labels(type=job_type, outcome=settled.status).inc()
        elif settled.status in (Status.WAITING, Status.DELAYED) and execution.retry is not None:
            self._metrics.job_retries.labels(type=job_type, reason=execution.retry).inc()
