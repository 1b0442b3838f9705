"""Clones a repository, measures it and writes a report. Needs no model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from codeforge_worker.agent.clone import clone
from codeforge_worker.agent.measurement import measured
from codeforge_worker.agent.report import report, summary
from codeforge_worker.agent.routing import ANALYZE
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.task import Task

CLONING = Stage(name="Cloning repository", begin=15, end=45)
PROCESSING = Stage(name="Processing files", begin=45, end=92)
REPORTING = Stage(name="Writing report", begin=95, end=99)


async def run(task: Task) -> Mapping[str, Any]:
    """``{workflow, summary, result, repository, branch, route, facts}``; ``facts`` are the measurements as JSON.

    :raises Fail: see :mod:`codeforge_worker.agent.clone` and :mod:`codeforge_worker.agent.measurement`.
    :raises Retry: likewise.
    """
    ctx, repository = task.ctx, task.repository

    async def make(folder: Path) -> None:
        ctx.log("Cloning repository...")
        CLONING.enter(ctx)
        await clone(
            repository,
            folder,
            branch=task.branch,
            token=task.token,
            settings=task.settings,
            on_progress=partial(CLONING.advance, ctx),
        )

    async with ctx.workspace(make) as folder:
        ctx.log("Processing files...")
        PROCESSING.enter(ctx)
        facts = await measured(folder, on_progress=partial(PROCESSING.advance, ctx))
    REPORTING.enter(ctx)
    return {
        "workflow": ANALYZE,
        "summary": summary(facts, label=repository.label),
        "result": report(facts, label=repository.label),
        "repository": repository.label,
        "branch": facts["branch"],
        "route": {"reason": task.route.reason, "confidence": task.route.confidence},
        "facts": facts,
    }
