"""The table of how runs end."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from codeforge_common.errors import SecretUnreadable
from codeforge_common.handler import Cancelled, Fail, Retry
from codeforge_common.handler.ending import Ending, Raised, Returned, Stop, ending_of
from codeforge_common.job import RetryReason
from codeforge_common.store import OutcomeKind

COMPLETED = Ending(kind=OutcomeKind.COMPLETED, result="'done'")
CANCELLED = Ending(kind=OutcomeKind.CANCELLED)
STOPPING = Ending(kind=OutcomeKind.HANDED_BACK, reason="The worker is stopping.")
AWAY = Ending(kind=OutcomeKind.HANDED_BACK, reason="The lease ran out of time: the store was away.")
LEFT = Ending(kind=OutcomeKind.HANDED_BACK, reason="Another job of its batch was lost.")
FAILED = Ending(kind=OutcomeKind.FAILED, reason="no: Never.")
STOPPED = Raised(asyncio.CancelledError())
STOPPED_CHILD = Raised(Cancelled())
ERROR = Raised(RuntimeError("bad luck"))


def again(retry: RetryReason, reason: str, after: float | None = None) -> Ending:
    return Ending(kind=OutcomeKind.RETRY, retry=retry, reason=reason, after=after)


@pytest.mark.parametrize(
    ("end", "stop", "expected"),
    [
        (Returned("done"), None, COMPLETED),
        (Returned(Fail("no", "Never.")), None, FAILED),
        (Raised(Fail("no", "Never.")), None, FAILED),
        (
            Raised(Fail("no", "Never.", result="some")),
            None,
            Ending(kind=OutcomeKind.FAILED, result="'some'", reason="no: Never."),
        ),
        (Returned(Retry(5, "busy")), None, again(RetryReason.ASKED, "busy", 5)),
        (Raised(Retry(reason="busy")), None, again(RetryReason.ASKED, "busy")),
        (ERROR, None, again(RetryReason.FAILURE, "RuntimeError: bad luck")),
        (Raised(SecretUnreadable("Another key.")), None, again(RetryReason.FAILURE, "secret_unreadable: Another key.")),
        (STOPPED, None, again(RetryReason.FAILURE, "The handler cancelled itself.")),
        # The user's cancel: what was returned stays visible, whatever is raised counts as stopped.
        (STOPPED, Stop.CANCELLED, CANCELLED),
        (STOPPED_CHILD, Stop.CANCELLED, CANCELLED),
        (ERROR, Stop.CANCELLED, CANCELLED),
        (Returned("done"), Stop.CANCELLED, COMPLETED),
        # A stop that isn't the job's fault.
        (STOPPED, Stop.SHUTDOWN, STOPPING),
        (STOPPED_CHILD, Stop.SHUTDOWN, STOPPING),
        (ERROR, Stop.SHUTDOWN, STOPPING),
        (STOPPED, Stop.LEASE, AWAY),
        (STOPPED, Stop.BATCH, LEFT),
        (Returned("done"), Stop.LEASE, COMPLETED),
        (Raised(Fail("no", "Never.")), Stop.SHUTDOWN, FAILED),
        # The job is lost: there is nothing to tell.
        (Returned("done"), Stop.FENCED, None),
        (STOPPED, Stop.GONE, None),
    ],
)
def test_what_an_end_means(end: Returned | Raised, stop: Stop | None, expected: Ending | None) -> None:
    assert ending_of(end, stop=stop, encode=repr) == expected


@pytest.mark.parametrize("end", [STOPPED, ERROR, Returned("too late")])
def test_an_attempt_over_its_wall_time_has_failed(end: Returned | Raised) -> None:
    ending = ending_of(end, stop=Stop.WALL_TIME, encode=repr)
    assert ending is not None
    assert (ending.kind, ending.retry) == (OutcomeKind.RETRY, RetryReason.WALL_TIME)
    assert ending.reason is not None
    assert ending.reason.startswith("wall_time_exceeded: ")


def test_a_result_that_cannot_be_kept_fails_the_job() -> None:
    def refuse(result: Any) -> str:
        raise Fail("result_too_large", "Too large.")

    ending = ending_of(Returned("x"), stop=None, encode=refuse)
    assert ending == Ending(kind=OutcomeKind.FAILED, reason="result_too_large: Too large.")


class Rude(Exception):
    """Has no words for anybody."""

    def __str__(self) -> str:
        raise LookupError("no words")


class RudeRetry(Retry):
    """No better."""

    __str__ = Rude.__str__


def exits(result: Any) -> str:
    sys.exit(3)


@pytest.mark.parametrize(
    ("end", "reason"),
    [(Raised(Rude()), "Rude"), (Returned(RudeRetry()), "RudeRetry"), (Returned(1), "SystemExit: 3")],
)
def test_what_cannot_be_looked_at_is_a_failed_attempt(end: Returned | Raised, reason: str) -> None:
    ending = ending_of(end, stop=None, encode=exits)
    assert ending is not None
    assert (ending.kind, ending.reason) == (OutcomeKind.RETRY, reason)
