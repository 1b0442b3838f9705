"""What an attempt uses outside of its worker: the model and GitHub, each opened when it is first needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from codeforge_worker.agent.models import Model, opened
from codeforge_worker.settings import AgentSettings

if TYPE_CHECKING:
    from codeforge_worker.agent.github.client import GitHub


class Means:
    """``token``: the job's GitHub token; None: it has none."""

    def __init__(self, *, settings: AgentSettings, token: str | None, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._token = token
        self._stack = stack
        self._model: Model | None = None
        self._github: GitHub | None = None

    async def model(self, *, workflow: str) -> Model:
        """The model.

        :raises Fail: ``model_not_configured``, naming ``workflow``, and ``model_not_supported``.
        """
        if self._model is None:
            self._model = await self._stack.enter_async_context(opened(self._settings, workflow=workflow))
        return self._model

    async def github(self) -> GitHub:
        """GitHub as the job's token sees it.

        :raises Fail: ``github_token_refused`` for what can't be a token.
        """
        assert self._token is not None, "only a job with a token asks GitHub"
        if self._github is None:
            # Imported here, because most workers of other packages never speak to GitHub.
            from codeforge_worker.agent.github.client import github

            opening = github(token=self._token, settings=self._settings)
            self._github = await self._stack.enter_async_context(opening)
        return self._github


@asynccontextmanager
async def means(*, settings: AgentSettings, token: str | None) -> AsyncIterator[Means]:
    """The means of one attempt; what was opened is closed when the block ends."""
    async with AsyncExitStack() as stack:
        yield Means(settings=settings, token=token, stack=stack)
