"""The workflows that a request can be routed to, one file each. A new one is a file and a line in the table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from codeforge_worker.agent.routing import ANALYZE, CODE_GENERATION, ENHANCE
from codeforge_worker.agent.task import Task
from codeforge_worker.agent.workflows import analyze, code_generation, enhance

Workflow = Callable[[Task], Awaitable[Mapping[str, Any]]]
"""Serves a task and returns ``{workflow, summary, result, …}``; ``result`` is the answer for the person in Markdown."""

WORKFLOWS: Mapping[str, Workflow] = {
    ANALYZE: analyze.run,
    ENHANCE: enhance.run,
    CODE_GENERATION: code_generation.run,
}
