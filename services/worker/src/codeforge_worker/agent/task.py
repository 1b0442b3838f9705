"""What a workflow gets: the job, the decision that led to it, and the repository that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeforge_common.handler import Fail, JobContext
from codeforge_common.job import GITHUB_TOKEN_FIELDS
from codeforge_worker.agent.repository import Repository, parse
from codeforge_worker.agent.routing import Route
from codeforge_worker.settings import AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of a workflow. ``candidates``: the repositories that the request names, as it writes them."""

    ctx: JobContext
    settings: AgentSettings
    route: Route
    candidates: Sequence[str]

    @property
    def repository(self) -> Repository:
        """The repository that is meant.

        :raises Fail: ``repository_required`` where none is named, ``repository_ambiguous`` where several are,
            ``repository_refused`` for one that isn't allowed.
        """
        match self.candidates:
            case [address]:
                return parse(address, settings=self.settings)
            case []:
                hint = "name one in context.repository, or in the message as owner/name or an https:// address"
                raise Fail("repository_required", f"The request names no repository; {hint}.")
            case several:
                # An address may hold a password or a path of this machine, so addresses aren't listed.
                names = ", ".join(name for name in several[:10] if not name.startswith("/") and "://" not in name)
                listed = f" ({names})" if names else ""
                hint = "say in context.repository which one is meant"
                raise Fail("repository_ambiguous", f"The request names several repositories{listed}; {hint}.")

    @property
    def branch(self) -> str | None:
        """The branch that is asked for; None is the default one."""
        branch: Any = self.ctx.context.get("branch")
        return branch if isinstance(branch, str) and branch else None

    @property
    def token(self) -> str | None:
        """The job's GitHub token."""
        return next((self.ctx.secrets[field] for field in GITHUB_TOKEN_FIELDS if self.ctx.secrets.get(field)), None)
