"""The workflows that a request can be routed to, one file or folder each. A new one is that and a line in the table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from codeforge_worker.agent.routing import ANALYZE, ANSWER, CODE_GENERATION, ENHANCE
from codeforge_worker.agent.task import Task

WORKFLOWS: Mapping[str, str] = {
    ANALYZE: "codeforge_worker.agent.workflows.analyze",
    ANSWER: "codeforge_worker.agent.workflows.answer",
    CODE_GENERATION: "codeforge_worker.agent.workflows.code_generation",
    ENHANCE: "codeforge_worker.agent.workflows.enhance",
}
"""Modules with ``async def run(task: Task) -> Mapping[str, Any]``, which returns the envelope of
:mod:`codeforge_worker.agent.envelope`. Imported when first asked for, so that a worker loads what it needs."""


async def serve(task: Task) -> Mapping[str, Any]:
    """Runs the workflow that the task was routed to; raises what that raises."""
    # In a thread, so that the worker's other jobs aren't held up.
    module = await asyncio.to_thread(import_module, WORKFLOWS[task.route.workflow])
    envelope: Mapping[str, Any] = await module.run(task)
    return envelope
