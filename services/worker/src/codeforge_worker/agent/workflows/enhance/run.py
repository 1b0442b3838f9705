"""The enhance workflow from the first step to the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.edit.base_commit import Base, base_of
from codeforge_worker.agent.models import LimitReached, Model
from codeforge_worker.agent.repository import Repository, parse
from codeforge_worker.agent.task import Task
from codeforge_worker.agent.which import Choice
from codeforge_worker.agent.workflows.enhance.checking import checked
from codeforge_worker.agent.workflows.enhance.desk import Desk, desk
from codeforge_worker.agent.workflows.enhance.plan import planned
from codeforge_worker.agent.workflows.enhance.publication import Words, destined, published
from codeforge_worker.agent.workflows.enhance.result import result
from codeforge_worker.agent.workflows.enhance.turns import Turns


async def run(task: Task) -> Mapping[str, Any]:
    """The envelope, with ``repository``, ``base`` and ``route`` (see :func:`~.result.result`).

    Durable steps: ``repository``, ``destination``, ``base``, ``plan``, ``edit-1`` …, ``check`` (and ``check-again``),
    ``commit``, ``push``, ``pull-request``; the last four of them only with a token for the repository's server.

    :raises Fail: what the parts raise; once the edit has begun, with what there is of the change as the result.
    :raises Retry: what the parts raise.
    """
    model = await task.model()
    repository, choice = await task.repository()
    to = await destined(task, repository)
    if to is not None:
        repository = parse(to.repository, settings=task.settings)  # as it is called now
    base = await _base(task, repository)
    async with desk(task, repository=repository, base=base) as opened:
        try:
            words = await _changed(opened, model=model)
            opened_pull_request = None if to is None else await published(opened, to=to, words=words)
        except LimitReached as limit:
            raise Fail(limit.code, limit.message, result=await _partial(opened, choice=choice)) from None
        except Fail as failure:
            if failure.result is None:
                failure.result = await _partial(opened, choice=choice)
            raise
        except Retry as retry:
            if task.ctx.attempt < task.ctx.attempts_max:
                raise
            raise Fail("attempts_used_up", str(retry), result=await _partial(opened, choice=choice)) from None
        return await result(opened, choice=choice, words=words, pull_request=opened_pull_request)


async def _base(task: Task, repository: Repository) -> Base:
    async def look() -> Mapping[str, Any]:
        async def nothing(folder: Path) -> None:
            """git needs a folder to run in, and nothing in it."""

        async with task.ctx.workspace(nothing) as folder:
            request = task.request
            found = await base_of(
                repository, branch=request.branch, token=request.token, settings=task.settings, folder=folder
            )
        return asdict(found)

    return Base(**await task.ctx.step("base", look))


async def _changed(opened: Desk, *, model: Model) -> Words:
    task = opened.task
    async with task.spending.in_time():
        plan = await planned(opened, model=model)
        turns = Turns(opened, model=model, plan=plan)
        await turns.finish()
        await checked(opened, turns=turns)
    return Words(title=plan.title, said=turns.said.strip() or plan.told())


async def _partial(opened: Desk, *, choice: Choice) -> Mapping[str, Any] | None:
    """What there is of the change; None where nothing was made, or it can't be had any more."""
    if not opened.touched:
        return None
    try:
        return await result(opened, choice=choice, words=None, pull_request=None)
    except Exception:
        opened.task.ctx.log("What there is of the change couldn't be compared")
        return None
