"""Writes new code from a description. Needs a model."""

from __future__ import annotations

from typing import NoReturn

from codeforge_worker.agent.models import unavailable
from codeforge_worker.agent.routing import CODE_GENERATION
from codeforge_worker.agent.task import Task


async def run(task: Task) -> NoReturn:
    """Fails at once.

    :raises Fail: ``model_not_configured``.
    """
    raise unavailable(workflow=CODE_GENERATION, settings=task.settings)
