"""A job as a handler sees it, with somebody who writes down what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codeforge_common.handler import JobContext


@dataclass
class Notes:
    """What a handler told."""

    logs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    progresses: list[tuple[float, str | None]] = field(default_factory=list)

    def progress(self, percent: float, stage: str | None = None) -> None:
        self.progresses.append((percent, stage))

    def log(self, text: str) -> None:
        self.logs.append(text)

    def output(self, text: str) -> None:
        self.outputs.append(text)

    @property
    def stages(self) -> list[str | None]:
        """Each stage once, in order."""
        return list(dict.fromkeys(stage for _, stage in self.progresses))


def job(
    scratch: Path,
    *,
    notes: Notes,
    type: str = "agent_task",
    message: str = "Analyze this repository",
    agent_type: str | None = None,
    context: Mapping[str, Any] | None = None,
    token: str | None = None,
) -> JobContext:
    """The context of a first attempt; workspaces are made below ``scratch``."""
    return JobContext(
        job_id="job_0test",
        type=type,
        user_id="ada",
        session_id="session",
        user_message=message,
        agent_type=agent_type,
        context=context or {},
        secrets={"context.githubContext.token": token} if token else {},
        attempt=1,
        attempts_max=3,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        sink=notes,
        scratch=scratch,
    )
