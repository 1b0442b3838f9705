"""A job as a test sends it, and as its handler gets it: checked and without its secrets, as at the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codeforge_common.handler import JobContext
from codeforge_common.handler.context import Assignment, ReportSink
from codeforge_common.handler.steps import Steps, unkept
from codeforge_common.job import GITHUB_TOKEN_FIELDS, JobType
from codeforge_common.secrets import Redactor, take_secrets

ATTEMPTS = 3
"""Of a job whose type doesn't say (``JOB_ATTEMPTS``)."""


class ContextRefused(AssertionError):
    """Raised when a gateway would refuse the job: its context doesn't fit the ``context_schema`` of its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a client sends, and how far the job has come.

    ``context``: with the secrets in it, as a client sends them. ``attempt``: 1 for the first. ``steps``: what earlier
    runs have kept, by name; ``output``: what they had written when the last of those ended. ``crashes``: how many
    workers were lost over it.
    """

    message: str = "Please do it"
    context: Mapping[str, Any] = field(default_factory=dict)
    agent_type: str | None = None
    user_id: str = "ada"
    session_id: str = "session"
    id: str = "job_0test"
    created_at: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    attempt: int = 1
    steps: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""
    crashes: int = 0

    def assigned(self, type: JobType) -> Assignment:
        """What its handler gets to know of it.

        :raises ContextRefused: it doesn't fit the schema.
        """
        check(self.context, schema=type.context_schema)
        body = {"userMessage": self.message, "context": self.context}
        rest, secrets = take_secrets(body, {*type.secret_fields, *GITHUB_TOKEN_FIELDS})
        # Also where they stand a second time, as at the gateway.
        rest = Redactor(secrets.values()).clean(rest)
        return Assignment(
            job_id=self.id,
            type=type.name,
            user_id=self.user_id,
            session_id=self.session_id,
            user_message=rest["userMessage"],
            agent_type=self.agent_type,
            context=rest["context"],
            secrets=secrets,
            attempt=self.attempt,
            attempts_max=type.attempts or ATTEMPTS,
            created_at=self.created_at,
        )


def context_of(
    job: Job, *, type: JobType, sink: ReportSink, scratch: Path, steps: Callable[[], Steps] | None = None
) -> JobContext:
    """The context of an async handler, for tests of what it is made of. ``scratch``: where workspaces are made."""
    return JobContext(**job.assigned(type).facts(), sink=sink, scratch=scratch, steps=steps or unkept())


def check(context: Mapping[str, Any], *, schema: Mapping[str, Any]) -> None:
    """Raises ContextRefused unless ``context`` fits ``schema`` (JSON Schema 2020-12)."""
    if not schema:
        return
    import jsonschema_rs  # what gateways check with; a worker doesn't have it, nor this kit's test anything else

    validator = jsonschema_rs.Draft202012Validator(dict(schema), offline=True)
    faults = [
        f"{'.'.join(['context', *map(str, error.instance_path)])}: {error.message}"
        for error in validator.iter_errors(dict(context))
    ]
    if faults:
        raise ContextRefused(f"A gateway refuses this job. {'; '.join(faults)}")
