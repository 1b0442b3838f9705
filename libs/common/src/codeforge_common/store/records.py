"""Between the store's strings and the job model: what a submission becomes, and what a record is read back as."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from codeforge_common.job import JobRecord, Status, title_of
from codeforge_common.store.messages import (
    Moment,
    Outcome,
    Output,
    Report,
    Run,
    Submission,
    Timeline,
    TimelineEntry,
)


def json_text(value: Any) -> str:
    """``value`` as compact JSON that is always valid UTF-8; lone surrogates become ``?``."""
    try:
        return to_json(value).decode()  # five times as fast
    except PydanticSerializationError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def submission_request(job: Submission) -> dict[str, Any]:
    """What ``create.lua`` takes. ``head`` holds the members of an update that never change."""
    head = json_text(
        {
            "jobId": job.job_id,
            "sessionId": job.session_id,
            "userId": job.user_id,
            "type": job.type,
            "title": title_of(job.user_message),
        }
    )[1:-1]
    body = {"userMessage": job.user_message, "agentType": job.agent_type, "context": dict(job.context)}
    key = job.idempotency
    return {
        "id": job.job_id,
        "type": job.type,
        "digest": job.type_digest,
        "user": job.user_id,
        "session": job.session_id,
        "head": head,
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
    """What ``report.lua`` and ``settle.lua`` take of a report."""
    return {
        "job": report.job_id,
        "token": report.token,
        "number": report.number,
        "progress": report.progress,
        "stage": None if report.stage is None else json_text(report.stage),
        "lines": [json_text(line) for line in report.lines],
        "output": report.output or None,
    }


def outcome_request(outcome: Outcome) -> dict[str, Any]:
    """What ``settle.lua`` and ``claim.lua`` take of an outcome."""
    return {
        "job": outcome.job_id,
        "token": outcome.token,
        "kind": outcome.kind.value,
        "result": outcome.result,
        "abridged": outcome.abridged,
        "reason": None if outcome.reason is None else json_text(outcome.reason),
        "delay": outcome.delay_ms,
        "reports": [report_request(report) for report in outcome.reports],
    }


def _parts(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    head, _, body = raw["body"].partition("\n")
    return json.loads("{" + head + "}"), json.loads(body)


def _data(head: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    return {"userId": head["userId"], "sessionId": head["sessionId"], **body}


def _optional(field: Mapping[str, str], name: str) -> int | None:
    return int(field[name]) if name in field else None


def record_of(raw: Mapping[str, Any], *, standing: Mapping[str, int] | None = None) -> JobRecord:
    """A record as the reading scripts answer it (``lib/read.lua``)."""
    field: Mapping[str, str] = raw["field"]
    head, body = _parts(raw)
    return JobRecord(
        id=raw["id"],
        type=field["type"],
        status=Status(field["status"]),
        user_id=field["user"],
        session_id=field["session"],
        title=head["title"],
        data=_data(head, body),
        result=json.loads(raw["result"]) if "result" in raw else None,
        progress=int(field.get("progress", 0)),
        stage=json.loads(field["stage"]) if "stage" in field else None,
        logs=[json.loads(line) for line in raw.get("log") or ()],
        created_at=int(field["created_at"]),
        started_at=_optional(field, "started_at"),
        completed_at=_optional(field, "completed_at"),
        updated_at=int(field["updated_at"]),
        failed_reason=json.loads(raw["error"]) if "error" in raw else None,
        attempts_made=int(field.get("attempts", 0)),
        attempts_max=int(field["attempts_max"]),
        crashes=int(field.get("crashes", 0)),
        cancel_requested="cancel" in field,
        seq=int(field["seq"]),
        run_at=_optional(field, "due"),
        priority=int(field.get("priority", 0)),
        steps=list(raw.get("steps") or ()),
        position=standing["position"] if standing else None,
        ahead=standing["ahead"] if standing else None,
    )


def run_of(raw: Mapping[str, Any]) -> Run:
    """A run as ``claim.lua`` answers it."""
    field: Mapping[str, str] = raw["field"]
    head, body = _parts(raw)
    secret: str | None = raw.get("secret")
    return Run(
        job_id=raw["job"],
        type=field["type"],
        token=int(field["token"]),
        lease_ms=int(field["lease"]),
        user_id=field["user"],
        session_id=field["session"],
        data=_data(head, body),
        sealed=None if secret is None else secret.encode("utf-8", "surrogateescape"),
        traceparent=field.get("traceparent"),
        attempt=int(field["attempts"]),
        attempts_max=int(field["attempts_max"]),
        crashes=int(field.get("crashes", 0)),
        created_at=int(field["created_at"]),
        waited_ms=int(raw["waited"]),
        steps={name: result for name, result, _ in raw.get("steps") or ()},
        output_bytes=int(field.get("output", 0)),
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
