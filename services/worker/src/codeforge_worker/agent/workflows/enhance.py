"""Changes a repository as the request asks. Needs a model."""

from __future__ import annotations

from typing import NoReturn

from codeforge_worker.agent.models import unavailable
from codeforge_worker.agent.routing import ENHANCE
from codeforge_worker.agent.task import Task


async def run(task: Task) -> NoReturn:
    """Fails before anything is cloned.

    :raises Fail: ``model_not_configured``.
    """
    raise unavailable(workflow=ENHANCE, settings=task.settings)
