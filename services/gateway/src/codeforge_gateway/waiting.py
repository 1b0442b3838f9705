"""``Prefer: wait=N`` (RFC 7240, section 4.3): holds an answer until a job has ended, driven by the event log."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from contextlib import suppress

from starlette.requests import Request

from codeforge_common.event_log import Audience, AudienceKind, EventTail, Update
from codeforge_common.job import JobRecord
from codeforge_common.store import Store
from codeforge_gateway.disconnect import gone

_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)


def wanted_seconds(request: Request, *, most: float) -> float:
    """Seconds that the client is ready to wait, at most ``most``; 0 where it doesn't say so, or not as a number."""
    found = _WAIT.search(",".join(request.headers.getlist("prefer")))
    return min(float(found[1]), most) if found else 0.0


def applied(seconds: float) -> dict[str, str]:
    """The header that tells how long we were ready to wait."""
    return {"Preference-Applied": f"wait={math.ceil(seconds)}", "Vary": "Prefer"} if seconds else {}


async def until_ended(
    job_id: str, *, caller: str | None, seconds: float, request: Request, store: Store, tail: EventTail
) -> JobRecord:
    """The job's record as soon as the job is at rest, and after ``seconds`` as it is then.

    Costs nothing while it waits: the process's one tail wakes it. A client that goes away ends it. Raises JobNotFound.
    """
    ended = asyncio.Event()

    def deliver(updates: Sequence[Update]) -> None:
        if any(update.status.terminal for update in updates):
            ended.set()

    subscription = tail.subscribe(owner=caller, deliver=deliver, lost=ended.set)
    try:
        # Listen first and look then, so that an end between the two isn't missed.
        await subscription.join(Audience(AudienceKind.JOB, job_id))
        record = await store.get(job_id, caller=caller)
        if record.status.terminal:
            return record
        await _first_of(ended, request=request, seconds=seconds)
    finally:
        subscription.close()
    return await store.get(job_id, caller=caller)


async def _first_of(ended: asyncio.Event, *, request: Request, seconds: float) -> None:
    tasks = [asyncio.create_task(ended.wait()), asyncio.create_task(gone(request))]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
