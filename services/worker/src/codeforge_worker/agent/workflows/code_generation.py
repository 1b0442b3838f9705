"""Writes new code from a description: into a repository where the request names one, else into the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codeforge_worker.agent.task import Task
from codeforge_worker.agent.workflows import enhance
from codeforge_worker.agent.workflows.answer import answered

_INSTRUCTIONS = """\
You write code as a person asks, in Markdown: each file whole, in a fenced block under its path, then in a few \
sentences how to run and test it. Use the language of the request for the prose. Leave nothing out that is needed to \
run it, and put no placeholder where code belongs.\
"""


async def run(task: Task) -> Mapping[str, Any]:
    """The envelope.

    :raises Fail: ``model_not_configured``; and as :func:`.enhance.run`, or as :func:`.answer.run`.
    :raises Retry: likewise.
    :raises LimitReached: the job may use the model no longer.
    """
    if task.request.has_repository:
        return await enhance.run(task)
    return await answered(task, instructions=_INSTRUCTIONS)
