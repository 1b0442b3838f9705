"""The attempt's working tree: made when it is first needed, with what the finished turns have left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from codeforge_worker.agent.edit.base_commit import Base
from codeforge_worker.agent.edit.change import Edit
from codeforge_worker.agent.edit.checkout import Checkout, check_out
from codeforge_worker.agent.edit.diff import compare
from codeforge_worker.agent.edit.limits import Limits
from codeforge_worker.agent.edit.patch import Patch
from codeforge_worker.agent.edit.tools import Tools
from codeforge_worker.agent.repository import Repository
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.task import Task

CLONING = Stage(name="Cloning repository", begin=15, end=25)


class Desk:
    """``patches``: what finished turns of earlier attempts changed, in order. ``pushed``: where the change is on GitHub
    (see :class:`~codeforge_worker.agent.github.publish.BranchEffect`); None: nowhere yet."""

    def __init__(self, *, task: Task, repository: Repository, base: Base, stack: AsyncExitStack) -> None:
        self.task = task
        self.repository = repository
        self.base = base
        self.patches: list[Patch] = []
        self.pushed: Mapping[str, Any] | None = None
        self._stack = stack
        self._checkout: Checkout | None = None
        self._tools: Tools | None = None

    @property
    def touched(self) -> bool:
        """Whether there may be a change by now."""
        return self._checkout is not None or bool(self.patches)

    async def checkout(self) -> Checkout:
        """The working tree. Raises :class:`Fail` and :class:`Retry` as :func:`check_out` does."""
        if self._checkout is None:
            await self._stack.enter_async_context(self.task.ctx.workspace(self._make))
        assert self._checkout is not None, "made by the workspace"
        return self._checkout

    async def tools(self) -> Tools:
        """The model's tools in it."""
        if self._tools is None:
            limits = Limits.of(self.task.settings)
            self._tools = Tools(await self.checkout(), limits=limits, scope=self.task.request.scope)
        return self._tools

    async def edit(self) -> Edit:
        """All changes so far. Raises :class:`Fail` and :class:`Retry` as :func:`compare` does."""
        return await compare(await self.checkout(), settings=self.task.settings)

    async def _make(self, folder: Path) -> None:
        task = self.task
        task.ctx.log("Cloning repository...")
        CLONING.enter(task.ctx)
        self._checkout = await check_out(
            self.repository,
            folder,
            base=self.base.commit,
            branch=self.base.branch,
            token=task.request.token,
            settings=task.settings,
            patches=self.patches,
            on_progress=partial(CLONING.advance, task.ctx),
        )


@asynccontextmanager
async def desk(task: Task, *, repository: Repository, base: Base) -> AsyncIterator[Desk]:
    """A desk for one attempt; its working tree is gone when the block ends."""
    async with AsyncExitStack() as stack:
        yield Desk(task=task, repository=repository, base=base, stack=stack)
