"""From a script's refusal to the error that means it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codeforge_common import errors

NO_ROOM = "The store has no memory left for new work."
_PLAIN: Mapping[str, tuple[type[errors.CodeForgeError], str]] = {
    errors.JobNotFound.code: (errors.JobNotFound, "There is no such job."),
    errors.UnknownJobType.code: (errors.UnknownJobType, "No worker has announced this job type."),
    errors.JobTypesOutdated.code: (errors.JobTypesOutdated, "The job type has been announced anew meanwhile."),
    errors.IdempotencyConflict.code: (
        errors.IdempotencyConflict,
        "This Idempotency-Key was used before, with another body.",
    ),
    errors.SecretExpired.code: (
        errors.SecretExpired,
        "The job's token is no longer kept; send the retry with a new one.",
    ),
}
_WHEN = "A job can be cancelled until it has ended, and run again once it has failed or was cancelled."
_LATER: Mapping[str, tuple[type[errors.RateLimited], str]] = {
    errors.RateLimited.code: (errors.RateLimited, "Too many jobs were submitted in a short time."),
    errors.TooManyWaiting.code: (errors.TooManyWaiting, "Too many of your jobs are waiting already."),
    errors.TooManyMessages.code: (errors.TooManyMessages, "Too many messages were sent in a short time."),
}


def raise_refusal(answer: Mapping[str, Any]) -> None:
    """Raises the error for ``answer["refused"]``; returns where nothing was refused."""
    code = answer.get("refused")
    if code is None:
        return
    if code == errors.NotInThatState.code:
        status = answer["status"]
        raise errors.NotInThatState(f"The job is {status}. {_WHEN}", status=status)
    if code == errors.UnknownStep.code:
        raise errors.UnknownStep("The job has finished no step of this name.", steps=list(answer["steps"]))
    if code == errors.StoreFull.code:
        raise errors.StoreFull(NO_ROOM, retry_after=answer["retry_after"] / 1000)
    if code in _LATER:
        later, sentence = _LATER[code]
        raise later(sentence, retry_after=answer["retry_after"] / 1000)
    kind, sentence = _PLAIN[code]
    raise kind(sentence)
