"""What the store is told of a run that has ended."""

from __future__ import annotations

from collections.abc import Sequence

from codeforge_common.handler.ending import Ending, shown_reason
from codeforge_common.handler.result import abridge
from codeforge_common.secrets import Redactor
from codeforge_common.store import Outcome, OutcomeKind, Report, Run
from codeforge_worker.retry import backoff
from codeforge_worker.rules import Rules


def outcome_of(run: Run, ending: Ending, reports: Sequence[Report], *, redactor: Redactor, rules: Rules) -> Outcome:
    """The outcome of ``run``. ``reports``: those that the store hasn't taken yet."""
    return Outcome(
        job_id=run.job_id,
        token=run.token,
        kind=ending.kind,
        result=ending.result,
        abridged=None if ending.result is None else abridge(ending.result),
        reason=None if ending.reason is None else shown_reason(ending.reason, redactor=redactor),
        delay_ms=_delay_ms(run, ending, rules) if ending.kind is OutcomeKind.RETRY else 0,
        reports=reports,
    )


def _delay_ms(run: Run, ending: Ending, rules: Rules) -> int:
    after = ending.after
    if after is None:
        after = backoff(run.attempt, first=rules.backoff_first, longest=rules.backoff_longest)
    return round(after * 1000)
