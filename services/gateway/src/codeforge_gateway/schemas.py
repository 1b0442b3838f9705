"""JSON schemas (2020-12) of what clients send. The routes check with them and the API document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.validation import Validator, compiled

Schema = Mapping[str, Any]

ID_LENGTH = 200
"""Characters of a user's or a session's id, as :func:`codeforge_common.identity.is_user_id` has it."""

# Ids stand in headers, rooms and log lines, where a line break or an escape sequence would lie about what happened.
_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f]*$"

_GITHUB_CONTEXT: Schema = {
    "type": ["object", "null"],
    "description": "Who acts on GitHub. The token is sealed at once and is in no answer, event or log.",
    "properties": {
        "token": {"type": ["string", "null"], "maxLength": 4096, "writeOnly": True},
        "username": {"type": ["string", "null"], "maxLength": 255},
        "email": {"type": ["string", "null"], "maxLength": 320},
    },
}


def _id(description: str) -> Schema:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": ID_LENGTH,
        "pattern": _NO_CONTROL_CHARACTERS,
        "description": description,
    }


SESSION: Schema = _id("The conversation.")


def _message(settings: GatewaySettings) -> Schema:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": settings.max_message_length,
        "description": "What the person asks for.",
    }


def _schedule(settings: GatewaySettings) -> Schema:
    return {
        "delaySeconds": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": settings.job_delay_max_seconds,
            "description": "How long the job stays `delayed` before it may begin. Not together with `runAt`.",
        },
        "runAt": {
            "type": ["string", "null"],
            "format": "date-time",
            "maxLength": 64,
            "description": "When the job may begin: an ISO-8601 time with its zone, at most "
            f"{settings.job_delay_max_seconds} seconds ahead. One in the past means now. "
            "Not together with `delaySeconds`.",
        },
        "priority": {
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": settings.job_priority_max_seconds,
            "description": "Seconds of head start among the jobs of the same user and type: the job stands where one "
            "stands that came so much earlier. 0 where it isn't given.",
        },
    }


def submit_schema(settings: GatewaySettings) -> Schema:
    """Body of a submit. ``context`` is checked against the job type's own schema besides."""
    return {
        "title": "Submit",
        "type": "object",
        "required": ["userId", "sessionId", "userMessage"],
        "properties": {
            "userId": _id("The person for whom the job runs."),
            "sessionId": _id("The conversation that the job belongs to."),
            "userMessage": _message(settings),
            "agentType": {"type": ["string", "null"], "maxLength": 100, "description": "Which agent should do it."},
            "context": {
                "type": ["object", "null"],
                "description": "What the job type wants to know, e.g. `repository`, `branch` and `files`.",
            },
            "githubContext": _GITHUB_CONTEXT,
            **_schedule(settings),
        },
    }


def chat_schema(settings: GatewaySettings) -> Schema:
    """Body of a chat message; with ``backgroundMode`` it becomes a job."""
    return {
        "title": "Chat",
        "type": "object",
        "required": ["generationId", "message"],
        "properties": {
            "generationId": _id("The conversation; it becomes the job's `sessionId`."),
            "message": _message(settings),
            "backgroundMode": {"type": ["boolean", "null"], "description": "Whether to work on it as a job."},
            "userId": _id("The caller, where nothing else says so (development mode)."),
            "githubContext": _GITHUB_CONTEXT,
            "context": {
                "type": ["object", "null"],
                "description": "The job's `context`, as `POST /api/jobs/agent-task` takes it: `repository`, `branch`, "
                "`files`. The members beside this one go before those in it.",
            },
            "currentFiles": {"type": ["array", "object", "null"]},
            "language": {"type": ["string", "null"], "maxLength": 100},
            "imageUrls": {"type": ["array", "null"], "maxItems": 100, "items": {"type": "string", "maxLength": 4096}},
            **_schedule(settings),
        },
    }


REASON: Schema = {
    "type": ["string", "null"],
    "maxLength": 500,
    "pattern": _NO_CONTROL_CHARACTERS,
    "description": "Why, in one line, without the blanks around it. Shown in the job's log and timeline.",
}
STEP: Schema = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": 100,
    "description": "A finished step of the job (`steps`): it and those after it run again. Without, all are kept.",
}

RETRY_SCHEMA: Schema = {
    "title": "Retry",
    "type": "object",
    "properties": {"from": STEP, "githubContext": _GITHUB_CONTEXT, "context": {"type": ["object", "null"]}},
}
"""Optional body of a retry. Secrets in it, where a submit has them, stand in for those that are gone."""

CANCEL_SCHEMA: Schema = {"title": "Cancel", "type": "object", "properties": {"reason": REASON}}
"""Optional body of a cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """The schemas, compiled once."""

    submit: Validator
    chat: Validator
    session: Validator
    retry: Validator
    cancel: Validator

    @classmethod
    def of(cls, settings: GatewaySettings) -> Bodies:
        """The schemas with the limits of the settings."""
        return cls(
            submit=compiled(submit_schema(settings)),
            chat=compiled(chat_schema(settings)),
            session=compiled(SESSION),
            retry=compiled(RETRY_SCHEMA),
            cancel=compiled(CANCEL_SCHEMA),
        )
