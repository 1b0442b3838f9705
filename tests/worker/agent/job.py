"""A job as a handler of the agent sees it, with somebody who writes down what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codeforge_common.handler import JobContext
from codeforge_common.job import BUILT_IN_TYPES
from codeforge_common.testing import Job, Notes, context_of

__all__ = ["Notes", "job"]

_TYPES = {type.name: type for type in BUILT_IN_TYPES}


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
    """The context of a first attempt; workspaces are made below ``scratch``. ``token``: of its ``githubContext``."""
    sent = dict(context or {})
    if token is not None:
        sent["githubContext"] = {**sent.get("githubContext", {}), "token": token}
    order = Job(message=message, agent_type=agent_type, context=sent)
    return context_of(order, type=_TYPES[type], sink=notes, scratch=scratch)
