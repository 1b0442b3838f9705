"""An attempt's working tree with its tools, as the edit's tests use it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from codeforge_worker.agent.edit.change import Edit
from codeforge_worker.agent.edit.checkout import Checkout, check_out
from codeforge_worker.agent.edit.checks import check_all
from codeforge_worker.agent.edit.checks.demands import Demands
from codeforge_worker.agent.edit.commit import Person, commit
from codeforge_worker.agent.edit.diff import compare
from codeforge_worker.agent.edit.limits import Limits
from codeforge_worker.agent.edit.patch import Patch
from codeforge_worker.agent.edit.scope import Scope
from codeforge_worker.agent.edit.tools import Tools
from codeforge_worker.agent.repository import parse
from codeforge_worker.settings import AgentSettings
from tests.worker.agent.git_repository import GitRepository

TOKEN = "gho_" + "S3cretS3cretS3cretS3cretS3cretS3cret"
SETTINGS = AgentSettings(agent_allow_local_repositories=True)
LIMITS = Limits.of(SETTINGS)
ADA = Person.of("Ada Lovelace", "ada@example.org")
CREATED = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


@dataclass(kw_only=True)
class Workbench:
    """``tools`` work in ``checkout``."""

    checkout: Checkout
    tools: Tools
    scope: Scope

    @property
    def folder(self) -> Path:
        return self.checkout.folder

    def content(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    async def edit(self) -> Edit:
        return await compare(self.checkout, settings=SETTINGS)

    async def complaints(self, *, secrets: Sequence[str] = (TOKEN,), diff_bytes: int = 256 * 1024) -> Sequence[str]:
        demands = Demands(scope=self.scope, secrets=secrets, diff_bytes=diff_bytes)
        return await asyncio.to_thread(check_all, await self.edit(), demands)

    async def commit(self, message: str = "Change") -> str:
        return await commit(self.checkout, person=ADA, at=CREATED, message=message)


async def opened(
    repository: GitRepository,
    folder: Path,
    *,
    base: str | None = None,
    message: str = "Do as you please.",
    named: Sequence[str] = (),
    patches: Sequence[Patch] = (),
    **limits: float,
) -> Workbench:
    """The tree of ``base`` (None: the newest commit) in the new ``folder``.

    ``named``: what the request's context lists as files. ``limits``: those that differ.
    """
    folder.mkdir()
    checkout = await check_out(
        parse(str(repository.path), settings=SETTINGS),
        folder,
        base=base or head(repository),
        branch=None,
        token=None,
        settings=SETTINGS,
        patches=patches,
    )
    scope = Scope.of(message, files=named)
    tools = Tools(checkout, limits=replace(LIMITS, **limits), scope=scope)  # type: ignore[arg-type]
    return Workbench(checkout=checkout, tools=tools, scope=scope)


def head(repository: GitRepository) -> str:
    return repository.git("rev-parse", "HEAD").decode().strip()


def done(answer: str) -> str:
    """What a tool answered, which is no refusal."""
    assert not answer.startswith("Refused:"), answer
    return answer


def refused(answer: str) -> str:
    """What a tool gives as the reason of its refusal."""
    assert answer.startswith("Refused: "), answer
    return answer.removeprefix("Refused: ")
