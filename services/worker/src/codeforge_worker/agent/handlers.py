"""The three built-in job types: what each logs, routes and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeforge_common.handler import JobContext, handler
from codeforge_common.settings import load
from codeforge_worker.agent.mentions import mentioned_repositories
from codeforge_worker.agent.routing import ANALYZE, CODE_GENERATION, Request, Route, Router, RuleRouter
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.task import Task
from codeforge_worker.agent.workflows import WORKFLOWS
from codeforge_worker.settings import AgentSettings

STARTING = Stage(name="Starting", begin=2, end=5)
ROUTING = Stage(name="Routing", begin=5, end=10)
EXECUTING = Stage(name="Executing workflow", begin=12, end=15)


@handler("agent_task")
async def agent_task(ctx: JobContext) -> Mapping[str, Any]:
    """Does what the message asks for, by the workflow that fits."""
    return await routed(ctx, router=RuleRouter())


@handler("repo_analysis")
async def repo_analysis(ctx: JobContext) -> Mapping[str, Any]:
    """Analyses a repository, whatever the message says."""
    return await _direct(ctx, workflow=ANALYZE, opening="Starting repository analysis")


@handler("code_generation")
async def code_generation(ctx: JobContext) -> Mapping[str, Any]:
    """Writes code from the message's description."""
    return await _direct(ctx, workflow=CODE_GENERATION, opening="Starting code generation")


async def routed(ctx: JobContext, *, router: Router) -> Mapping[str, Any]:
    """Lets ``router`` choose the workflow and runs it.

    :raises Fail: what the router or the workflow raises.
    """
    settings = load(AgentSettings)
    ctx.log("Starting agent task")
    STARTING.enter(ctx)
    ctx.log("Analyzing request and routing to agent...")
    ROUTING.enter(ctx)
    candidates = _candidates(ctx, settings=settings)
    request = Request(message=ctx.user_message, agent_type=ctx.agent_type, has_repository=bool(candidates))
    route = await router.route(request)
    ctx.log(f"Routed to workflow: {route.workflow}")
    return await _execute(ctx, settings=settings, route=route, candidates=candidates)


async def _direct(ctx: JobContext, *, workflow: str, opening: str) -> Mapping[str, Any]:
    settings = load(AgentSettings)
    ctx.log(opening)
    STARTING.enter(ctx)
    route = Route(workflow=workflow, reason="The job's type asks for this workflow.", confidence=1.0)
    return await _execute(ctx, settings=settings, route=route, candidates=_candidates(ctx, settings=settings))


async def _execute(
    ctx: JobContext, *, settings: AgentSettings, route: Route, candidates: Sequence[str]
) -> Mapping[str, Any]:
    ctx.log(f"Executing {route.workflow} workflow...")
    EXECUTING.enter(ctx)
    return await WORKFLOWS[route.workflow](Task(ctx=ctx, settings=settings, route=route, candidates=candidates))


def _candidates(ctx: JobContext, *, settings: AgentSettings) -> Sequence[str]:
    named: Any = ctx.context.get("repository")
    if isinstance(named, str) and named.strip():
        return [named]
    return mentioned_repositories(ctx.user_message, local=settings.agent_allow_local_repositories)
