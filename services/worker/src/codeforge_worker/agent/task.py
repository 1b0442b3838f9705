"""What a workflow gets: the request, the decision that led to it, and the means to serve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeforge_common.handler import JobContext
from codeforge_worker.agent.means import Means
from codeforge_worker.agent.models import Model
from codeforge_worker.agent.repository import Repository, parse
from codeforge_worker.agent.request import Request
from codeforge_worker.agent.routing import Route
from codeforge_worker.agent.spending import Spending
from codeforge_worker.agent.which import Choice, which
from codeforge_worker.settings import AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of a workflow."""

    request: Request
    settings: AgentSettings
    route: Route
    means: Means
    spending: Spending

    @property
    def ctx(self) -> JobContext:
        """The job's context."""
        return self.request.ctx

    async def model(self) -> Model:
        """The model. Raises :class:`Fail` with ``model_not_configured`` or ``model_not_supported``."""
        return await self.means.model(workflow=self.route.workflow)

    async def repository(self) -> tuple[Repository, Choice]:
        """The repository that is meant, and why that one. The job's log says so, too.

        :raises Fail: ``repository_required`` where none is named, ``repository_ambiguous`` where several are,
            ``repository_refused`` for one that isn't allowed, and what GitHub raises.
        :raises Retry: what GitHub raises.
        """
        request = self.request
        # Which repositories the user has may have changed by the next attempt; the choice mustn't.
        kept = await self.ctx.step("repository", self._choose) if request.token else await self._choose()
        choice = Choice(**kept)
        repository = parse(choice.address, settings=self.settings)
        self.ctx.log(f"Repository: {repository.label}. {choice.reason}")
        return repository, choice

    def decisions(self, choice: Choice | None = None) -> dict[str, Any]:
        """Why this workflow and this repository, for the result."""
        route: dict[str, Any] = {"reason": self.route.reason, "confidence": self.route.confidence}
        return {"route": route if choice is None else {**route, "repository": choice.reason}}

    async def _choose(self) -> Mapping[str, str]:
        request = self.request

        async def pushable() -> Any:
            return await (await self.means.github()).pushable()

        choice = await which(
            named=request.named_repository,
            message=request.message,
            pushable=pushable if request.token else None,
            local=self.settings.agent_allow_local_repositories,
            server=self.settings.github_server_url,
        )
        return {"address": choice.address, "reason": choice.reason}
