"""Requests and tasks as the agent's tests make them: a real job's context, and a model that a test has written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from codeforge_common.handler import JobContext
from codeforge_worker.agent.means import Means
from codeforge_worker.agent.models import Budget, Model, required
from codeforge_worker.agent.request import Request
from codeforge_worker.agent.routing import Route
from codeforge_worker.agent.spending import Spending
from codeforge_worker.agent.task import Task
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.job import Notes, job


def request(message: str = "Analyze", **about: Any) -> Request:
    """What somebody asks for; ``about`` as for :func:`tests.worker.agent.job.job`."""
    return Request(ctx=job(Path("/nonexistent"), notes=Notes(), message=message, **about))


class ModelAtHand(Means):
    """GitHub as it is; the model is the test's own."""

    def __init__(self, *, own: Model | None, settings: AgentSettings, token: str | None, stack: AsyncExitStack) -> None:
        super().__init__(settings=settings, token=token, stack=stack)
        self.own = own
        self.settings = settings

    async def model(self, *, workflow: str) -> Model:
        if self.own is None:
            required(self.settings, workflow=workflow)
            raise AssertionError("a test with a real model goes through the handlers")
        return self.own


@asynccontextmanager
async def task(
    ctx: JobContext,
    *,
    settings: AgentSettings,
    route: Route,
    model: Model | None = None,
    budget: Budget | None = None,
) -> AsyncIterator[Task]:
    """A task for ``ctx``, as the handlers make it."""
    request = Request(ctx=ctx)
    async with AsyncExitStack() as stack:
        yield Task(
            request=request,
            settings=settings,
            route=route,
            means=ModelAtHand(own=model, settings=settings, token=request.token, stack=stack),
            spending=Spending(ctx=ctx, budget=budget or Budget.of(settings)),
        )
