"""From what a client asks for to an accepted job: checked, its secrets sealed, stored, and the bell rung."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codeforge_common.errors import JobTypesOutdated, UnknownJobType
from codeforge_common.identity import Principal
from codeforge_common.job import new_job_id
from codeforge_common.store import Accepted, Submission
from codeforge_common.telemetry.tracing import traceparent
from codeforge_gateway import schedule
from codeforge_gateway.errors import Fault, InvalidRequest
from codeforge_gateway.idempotency import idempotency
from codeforge_gateway.job_types import KnownType
from codeforge_gateway.parts import Parts
from codeforge_gateway.sealing import without_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client wants done. ``body`` has the shape of a submit, its secrets still in it.

    ``faults`` were found in it already. ``key`` is the client's idempotency key, kept for ``route``.
    """

    type: str
    caller: Principal
    body: Mapping[str, Any]
    faults: Sequence[Fault] = ()
    key: str | None = None
    route: str


async def submit(order: Order, *, parts: Parts) -> Accepted:
    """Creates the job and rings for it.

    Raises InvalidRequest, UserMismatch, UnknownJobType, RateLimited, TooManyWaiting, IdempotencyConflict, StoreFull,
    StoreUnavailable.
    """
    job_id = new_job_id()
    known = await parts.types.find(order.type)
    try:
        return await _create(order, known, job_id=job_id, parts=parts)
    except (JobTypesOutdated, UnknownJobType):
        # Announced anew since we read it, perhaps with another secret field, or forgotten by a store that was emptied.
        await parts.types.restore()
        known = await parts.types.find(order.type)
        return await _create(order, known, job_id=job_id, parts=parts)


async def _create(order: Order, known: KnownType, *, job_id: str, parts: Parts) -> Accepted:
    body = canonical(order.body)
    longest = parts.settings.job_delay_max_seconds
    timing = schedule.faults(body, max_delay_seconds=longest, now=time.time())
    if faults := [*order.faults, *timing, *known.faults(body["context"])]:
        raise InvalidRequest(faults)
    wanted = schedule.schedule_of(body)
    user_id = body["userId"]
    order.caller.acting_as(user_id)
    rest, secrets = without_secrets(body, known.type.secret_fields)
    with parts.tracing.send(order.type, job_id=job_id):
        parent = traceparent()
        accepted = await parts.store.create(
            Submission(
                job_id=job_id,
                type=order.type,
                type_digest=known.digest,
                user_id=user_id,
                session_id=body["sessionId"],
                user_message=rest["userMessage"],
                agent_type=rest.get("agentType"),
                context=rest["context"],
                sealed=parts.keyring.seal(secrets, job_id=job_id, user_id=user_id) if secrets else None,
                traceparent=parent,
                delay_ms=wanted.delay_ms,
                run_at=wanted.run_at,
                priority=wanted.priority,
                attempts_max=known.type.attempts or parts.settings.job_attempts,
                idempotency=idempotency(order.key, route=order.route, body=rest),
            )
        )
        if accepted.ring:
            parts.bell.ring({order.type: 1}, traceparent=parent)
    if not accepted.repeated:
        parts.metrics.jobs_submitted.labels(type=order.type).inc()
    return accepted


def canonical(body: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` with its ``context`` always an object, and a ``githubContext`` that stands beside it taken into it.

    So a secret has one place, whichever of the two the client chose. Where both have a member, the inner one counts;
    null and an empty text are as good as nothing.
    """
    context = body.get("context")
    context = dict(context) if isinstance(context, dict) else {}
    inner = context.pop("githubContext", None)
    if inner is None or isinstance(inner, dict):
        inner = _given(body.get("githubContext")) | _given(inner)
    if inner:
        context["githubContext"] = inner
    return {**body, "context": context, "githubContext": None}


def _given(github: Any) -> dict[str, Any]:
    members = github.items() if isinstance(github, dict) else ()
    return {name: member for name, member in members if member not in (None, "")}
