"""The three built-in job types: what each logs, routes and runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from codeforge_common.handler import Fail, JobContext, handler
from codeforge_common.settings import load
from codeforge_worker.agent.means import Means, means
from codeforge_worker.agent.model_router import ModelRouter
from codeforge_worker.agent.models import Budget, LimitReached, configured
from codeforge_worker.agent.request import Request
from codeforge_worker.agent.routing import ANALYZE, CODE_GENERATION, Route, Router, RuleRouter, asked_for
from codeforge_worker.agent.spending import Spending
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.task import Task
from codeforge_worker.agent.workflows import serve
from codeforge_worker.settings import AgentSettings

STARTING = Stage(name="Starting", begin=2, end=5)
ROUTING = Stage(name="Routing", begin=5, end=10)
EXECUTING = Stage(name="Executing workflow", begin=12, end=15)


@handler("agent_task")
async def agent_task(ctx: JobContext) -> Mapping[str, Any]:
    """Does what the message asks for, by the workflow that fits."""
    settings, request = load(AgentSettings), Request(ctx=ctx)
    ctx.log("Starting agent task")
    STARTING.enter(ctx)
    async with _at_work(request, settings=settings) as (at_hand, spending):
        ctx.log("Analyzing request and routing to agent...")
        ROUTING.enter(ctx)
        route = asked_for(request.agent_type)
        if route is None:
            router = await _router(at_hand, settings=settings, spending=spending)
            route = await router.route(request)
        ctx.log(f"Routed to workflow: {route.workflow}")
        ctx.log(f"Why: {route.reason} ({route.confidence:.0%} sure)")
        return await _execute(Task(request=request, settings=settings, route=route, means=at_hand, spending=spending))


@handler("repo_analysis")
async def repo_analysis(ctx: JobContext) -> Mapping[str, Any]:
    """Analyses a repository, whatever the message says."""
    return await _direct(ctx, workflow=ANALYZE, opening="Starting repository analysis")


@handler("code_generation")
async def code_generation(ctx: JobContext) -> Mapping[str, Any]:
    """Writes code from the message's description."""
    return await _direct(ctx, workflow=CODE_GENERATION, opening="Starting code generation")


async def _direct(ctx: JobContext, *, workflow: str, opening: str) -> Mapping[str, Any]:
    settings, request = load(AgentSettings), Request(ctx=ctx)
    ctx.log(opening)
    STARTING.enter(ctx)
    route = Route(workflow=workflow, reason="The job's type asks for this workflow.", confidence=1.0)
    async with _at_work(request, settings=settings) as (at_hand, spending):
        return await _execute(Task(request=request, settings=settings, route=route, means=at_hand, spending=spending))


@asynccontextmanager
async def _at_work(request: Request, *, settings: AgentSettings) -> AsyncIterator[tuple[Means, Spending]]:
    spending = Spending(ctx=request.ctx, budget=Budget.of(settings))
    try:
        async with means(settings=settings, token=request.token) as at_hand:
            yield at_hand, spending
    except LimitReached as limit:
        # A workflow that had something to show has said so itself.
        raise Fail(limit.code, limit.message) from None


async def _router(at_hand: Means, *, settings: AgentSettings, spending: Spending) -> Router:
    if not configured(settings):
        return RuleRouter()
    return ModelRouter(model=await at_hand.model(workflow="routing"), spending=spending)


async def _execute(task: Task) -> Mapping[str, Any]:
    task.ctx.log(f"Executing {task.route.workflow} workflow...")
    EXECUTING.enter(task.ctx)
    return await serve(task)
