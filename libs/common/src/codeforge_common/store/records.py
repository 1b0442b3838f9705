"""Between the words of the store's callers and what its scripts take and answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pydantic_core import PydanticSerializationError, to_json

from codeforge_common.errors import InvalidCursor
from codeforge_common.job import JobRecord, Status, title_of
from codeforge_common.record import PackedRecord, unpack
from codeforge_common.store.messages import (
    Moment,
    Outcome,
    Output,
    Report,
    Run,
    Served,
    Settled,
    Submission,
    Timeline,
    TimelineEntry,
    Verdict,
)

_log = structlog.get_logger(__name__)


def json_text(value: Any) -> str:
    """``value`` as compact JSON that is always valid UTF-8; lone surrogates become ``?``."""
    try:
        return to_json(value).decode()  # five times as fast
    except PydanticSerializationError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def submission_request(job: Submission) -> dict[str, Any]:
    """What ``create.lua`` takes."""
    body = {"userMessage": job.user_message, "agentType": job.agent_type, "context": dict(job.context)}
    key = job.idempotency
    return {
        "id": job.job_id,
        "type": job.type,
        "digest": job.type_digest,
        "user": job.user_id,
        "session": job.session_id,
        "title": title_of(job.user_message).encode("utf-8", "replace").decode(),
        "body": json_text(body),
        "sealed": job.sealed,
        "traceparent": job.traceparent,
        "delay": job.delay_ms,
        "run_at": job.run_at,
        "priority": job.priority,
        "attempts": job.attempts_max,
        "idempotency": key and {"key": _digest(job.user_id, key.route, key.key), "digest": key.digest},
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256(json_text(parts).encode()).hexdigest()[:32]


def report_request(report: Report) -> dict[str, Any]:
    """What ``report.lua`` takes, and an outcome of its reports."""
    return {
        "job": report.job_id,
        "token": report.token,
        "number": report.number,
        "progress": report.progress,
        "stage": None if report.stage is None else json_text(report.stage),
        "lines": [json_text(line) for line in report.lines],
        "output": report.output or None,
    }


def outcome_request(outcome: Outcome) -> list[Any]:
    """What ``settle.lua`` and ``claim.lua`` take of an outcome; what it doesn't have at its end is left out."""
    request: list[Any] = [outcome.job_id, outcome.token, outcome.kind.value, outcome.result, outcome.abridged]
    if outcome.reason is not None or outcome.delay_ms or outcome.reports:
        reason = None if outcome.reason is None else json_text(outcome.reason)
        request += [reason, outcome.delay_ms, [report_request(report) for report in outcome.reports]]
    return request


def _record(packed: str) -> PackedRecord:
    return unpack(_bytes(packed))


def _bytes(text: str) -> bytes:
    """What a script answered as it is: Lua has one kind of string, which may be no text."""
    return text.encode("utf-8", "surrogateescape")


def _data(record: PackedRecord, body: str) -> dict[str, Any]:
    """Empty where the body can't be read."""
    read = _read(body, "data", of=record)
    return {"userId": record.user, "sessionId": record.session, **read} if isinstance(read, dict) else {}


def _read(text: str, part: str, *, of: PackedRecord) -> Any:
    """Stored JSON; None where it can't be read: one damaged part must not hide the rest, nor stop whoever reads it."""
    try:
        # Not the faster parser: it refuses what the gateway, which nests a member one deeper, has just let in.
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        _log.error("a part of a stored job can't be read", job_id=of.id, part=part, reason=str(error))
        return None


def record_of(raw: Mapping[str, Any], *, standing: Mapping[str, int] | None = None) -> JobRecord:
    """A record as the reading scripts answer it (``lib/read.lua``)."""
    record = _record(raw["record"])
    return JobRecord(
        id=record.id,
        type=record.type,
        status=Status(record.state),
        user_id=record.user,
        session_id=record.session,
        title=record.title,
        data=_data(record, raw["body"]) or _placeholder(record),
        result=_read(raw["result"], "result", of=record) if "result" in raw else None,
        progress=record.progress or 0,
        stage=json.loads(record.stage) if record.stage else None,
        logs=[str(_read(line, "log", of=record) or "") for line in raw.get("log") or ()],
        created_at=record.created_at,
        started_at=record.started_at or None,
        completed_at=record.completed_at or None,
        updated_at=record.updated_at,
        failed_reason=_read(raw["error"], "error", of=record) if "error" in raw else None,
        attempts_made=record.attempts or 0,
        attempts_max=record.attempts_max,
        crashes=record.crashes or 0,
        cancel_requested=record.cancel,
        seq=record.seq,
        run_at=record.due or None,
        priority=record.priority or 0,
        steps=list(raw.get("steps") or ()),
        position=standing["position"] if standing else None,
        ahead=standing["ahead"] if standing else None,
    )


def _placeholder(record: PackedRecord) -> dict[str, Any]:
    """What stands for data that can't be read."""
    return {
        "userId": record.user,
        "sessionId": record.session,
        "userMessage": record.title,
        "agentType": None,
        "context": {},
    }


def run_of(raw: Sequence[Any]) -> Run:
    """A run as ``claim.lua`` answers it."""
    packed, body, *further = raw
    secret, steps = further or (None, None)
    job = _record(packed)
    return Run(
        job_id=job.id,
        type=job.type,
        token=int(job.token),
        lease_ms=int(job.lease),
        user_id=job.user,
        session_id=job.session,
        data=_data(job, body),
        sealed=_bytes(secret) if secret else None,
        traceparent=job.traceparent or None,
        attempt=int(job.attempts),
        attempts_max=job.attempts_max,
        crashes=int(job.crashes),
        created_at=job.created_at,
        waited_ms=max(int(job.started_at) - int(job.since), 0),
        steps={name: _bytes(result) if private else result for name, result, _, *private in steps or ()},
        output_bytes=int(job.output),
    )


def timeline_of(answer: Mapping[str, Any]) -> Timeline:
    """A timeline as ``timeline.lua`` answers it."""
    moments = [json.loads(text) for text in answer["moments"]]
    return Timeline(
        entries=[TimelineEntry(**{**moment, "event": Moment(moment["event"])}) for moment in moments],
        dropped=answer["dropped"],
    )


def output_of(answer: Mapping[str, Any]) -> Output:
    """A part of the output as ``output.lua`` answers it."""
    text: str = answer["text"]
    offset: int = answer["offset"]
    return Output(text=text, offset=offset, end=offset + len(text.encode()), complete=answer["complete"])


def by_name(table: Any) -> dict[str, Any]:
    """A table with names. An empty one of Lua has no kind, and arrives as an empty list."""
    return dict(table or ())


def by_name_and_status(table: Any) -> dict[str, dict[Status, int]]:
    """Numbers by name and state."""
    return {name: {Status(state): count for state, count in states.items()} for name, states in by_name(table).items()}


def serves_request(serves: Sequence[Served]) -> list[dict[str, Any]]:
    """The types that a worker serves, as ``claim.lua`` and its like take them."""
    return [
        {"type": served.type, "lease": served.lease_ms, "batch": served.batch, "gather": served.gather_ms}
        for served in serves
    ]


def settled_of(outcomes: Sequence[Outcome], answer: Mapping[str, Any]) -> list[Settled]:
    """What became of each outcome, as ``claim.lua`` and ``settle.lua`` answer it."""
    return [
        Settled(job_id=outcome.job_id, verdict=Verdict(verdict), status=Status(state) if state else None)
        for outcome, verdict, state in zip(outcomes, answer["settled"][::2], answer["settled"][1::2], strict=True)
    ]


def after_request(cursor: str | None) -> dict[str, Any] | None:
    """A page's cursor as ``page.lua`` takes it. Raises InvalidCursor."""
    if cursor is None:
        return None
    created, _, job = cursor.partition("-")
    if not created.isdecimal() or len(created) > 15 or not 0 < len(job) <= 64:
        raise InvalidCursor("The cursor is not one that this service gave out.")
    return {"created": int(created), "job": job}
