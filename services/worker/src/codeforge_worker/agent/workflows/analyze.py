"""Clones a repository, measures it and writes a report; where a model is configured, with its findings and a plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.clone import clone
from codeforge_worker.agent.envelope import envelope
from codeforge_worker.agent.findings import reviewed, told
from codeforge_worker.agent.measurement import measured
from codeforge_worker.agent.models import LimitReached, configured
from codeforge_worker.agent.report import report, summary
from codeforge_worker.agent.repository import Repository
from codeforge_worker.agent.routing import ANALYZE
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.task import Task
from codeforge_worker.agent.which import Choice

CLONING = Stage(name="Cloning repository", begin=15, end=45)
PROCESSING = Stage(name="Processing files", begin=45, end=80)
REVIEWING = Stage(name="Reviewing", begin=80, end=94)
REPORTING = Stage(name="Writing report", begin=95, end=99)

Facts = Mapping[str, Any]
Review = Mapping[str, Any]


async def run(task: Task) -> Mapping[str, Any]:
    """The envelope, with ``repository``, ``branch``, ``route``, ``facts`` (the measurements as JSON) and, from a model,
    ``findings`` ``[{title, path, line, severity, explanation}]`` and ``plan`` ``[{title, why, effort}]``.

    A model that fails takes its part with it, and not the report; one that may come back is waited for, while the job
    has attempts left.

    :raises Fail: see :mod:`codeforge_worker.agent.clone` and :mod:`codeforge_worker.agent.measurement`; at a limit of
        the model, with the report as the result.
    :raises Retry: likewise; and what the model raises.
    """
    ctx = task.ctx
    repository, choice = await task.repository()

    async def make(folder: Path) -> None:
        ctx.log("Cloning repository...")
        CLONING.enter(ctx)
        await clone(
            repository,
            folder,
            branch=task.request.branch,
            token=task.request.token,
            settings=task.settings,
            on_progress=partial(CLONING.advance, ctx),
        )

    async with ctx.workspace(make) as folder:
        ctx.log("Processing files...")
        PROCESSING.enter(ctx)
        facts = await measured(folder, on_progress=partial(PROCESSING.advance, ctx))
        review: Review | None = None
        if configured(task.settings):
            REVIEWING.enter(ctx)
            ctx.log("Reviewing what was measured...")
            review = await _review(task, folder=folder, facts=facts, repository=repository, choice=choice)
    REPORTING.enter(ctx)
    return _result(task, repository=repository, choice=choice, facts=facts, review=review)


async def _review(task: Task, *, folder: Path, facts: Facts, repository: Repository, choice: Choice) -> Review | None:
    try:
        return await reviewed(task, repository=folder, facts=facts)
    except LimitReached as limit:
        partial_result = _result(task, repository=repository, choice=choice, facts=facts, review=None)
        raise Fail(limit.code, limit.message, result=partial_result) from None
    except Retry as retry:
        if task.ctx.attempt < task.ctx.attempts_max:
            raise
        task.ctx.log(f"The report goes without the model: {retry}")
    except Fail as failure:
        task.ctx.log(f"The report goes without the model: {failure}")
    return None


def _result(
    task: Task, *, repository: Repository, choice: Choice, facts: Facts, review: Review | None
) -> Mapping[str, Any]:
    found = {"findings": review["findings"], "plan": review["plan"]} if review else {}
    return envelope(
        workflow=ANALYZE,
        summary=summary(facts, label=repository.label),
        result=report(facts, label=repository.label, review=told(review) if review else ""),
        usage=task.spending.budget.usage,
        repository=repository.label,
        branch=facts["branch"],
        facts=facts,
        **task.decisions(choice),
        **found,
    )
