"""What the store is told of a run that has ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from codeforge_common.handler.result import abridge, dumps, encode
from codeforge_common.secrets import Redactor
from codeforge_common.store import Outcome, OutcomeKind, Report, Run
from codeforge_worker.ending import Ending
from codeforge_worker.retry import backoff
from codeforge_worker.rules import Rules

REASON_LENGTH = 2000
"""Characters kept of a reason: people read it, and a list of jobs holds many."""


def encode_clean(value: Any, *, redactor: Redactor, max_bytes: int, kind: str = "result") -> str:
    """``value`` as JSON text without secrets. Raises Fail; see :func:`codeforge_common.handler.result.encode`."""
    text = encode(value, max_bytes=max_bytes, kind=kind)
    if redactor.text(text) == text:
        return text
    # Not the text itself: a secret such as 12345 may stand in it as a number.
    return dumps(redactor.clean(json.loads(text)))


def outcome_of(run: Run, ending: Ending, reports: Sequence[Report], *, redactor: Redactor, rules: Rules) -> Outcome:
    """The outcome of ``run``. ``reports``: those that the store hasn't taken yet."""
    return Outcome(
        job_id=run.job_id,
        token=run.token,
        kind=ending.kind,
        result=ending.result,
        abridged=None if ending.result is None else abridge(ending.result),
        reason=None if ending.reason is None else _short(redactor.text(ending.reason)),
        delay_ms=_delay_ms(run, ending, rules) if ending.kind is OutcomeKind.RETRY else 0,
        reports=reports,
    )


def _short(text: str) -> str:
    """Of a text without secrets: half of one wouldn't be found any more."""
    return text if len(text) <= REASON_LENGTH else text[: REASON_LENGTH - 1] + "…"


def _delay_ms(run: Run, ending: Ending, rules: Rules) -> int:
    after = ending.after
    if after is None:
        after = backoff(run.attempt, first=rules.backoff_first, longest=rules.backoff_longest)
    return round(after * 1000)
