"""The two things that a job does to GitHub, each as a pair for ``ctx.effect``: look whether it was done, else do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codeforge_common.handler import Fail
from codeforge_worker.agent.github.answers import PullRequest, RemoteRepository
from codeforge_worker.agent.github.client import GitHub
from codeforge_worker.agent.github.destination import Destination
from codeforge_worker.agent.github.push import push
from codeforge_worker.agent.repository import parse
from codeforge_worker.settings import AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchEffect:
    """The job's branch with its commit: ``ctx.effect("push", effect.look, effect.make)``.

    ``clone``: gives the folder of a clone that holds ``commit``; only :meth:`make` asks for it. Both return
    ``{repository, branch, commit, fork}``: ``repository`` is where the branch is, and ``fork`` the same where that is a
    fork, else None.
    """

    github: GitHub
    settings: AgentSettings
    token: str = field(repr=False)
    destination: Destination
    clone: Callable[[], Awaitable[Path]]
    commit: str
    branch: str

    async def look(self, key: str) -> Mapping[str, Any] | None:
        """The branch, where it is there with this commit.

        :raises Fail: ``branch_conflict`` where it has another; and what :class:`GitHub` raises.
        """
        if self.destination.may_push:
            return await self._found(self.destination.repository)
        fork = await self._fork()
        return None if fork is None else await self._found(fork.full_name)

    async def make(self, key: str) -> Mapping[str, Any]:
        """Pushes, to a fork (made where there is none) if the user may not push to the repository.

        :raises Fail: as :func:`codeforge_worker.agent.github.push.push` and :class:`GitHub`.
        :raises Retry: likewise.
        """
        if self.destination.may_push:
            return await self._push(self.destination.repository, default=self.destination.base)
        # A fork by another name wasn't looked at: GitHub names it now, and pushing a commit again is harmless.
        fork = await self._fork() or await self.github.fork(self.destination.repository)
        return await self._push(fork.full_name, default=fork.default_branch)

    async def _fork(self) -> RemoteRepository | None:
        wanted = self.destination
        return await self.github.fork_of(wanted.repository, owner=wanted.user.login)

    async def _found(self, repository: str) -> Mapping[str, Any] | None:
        tip = await self.github.tip(repository, self.branch)
        if tip is None:
            return None
        if tip != self.commit:
            sentence = f"The branch {self.branch} of {repository} holds {tip[:12]}, which isn't this job's commit."
            raise Fail("branch_conflict", sentence)
        return self._pushed(repository)

    async def _push(self, repository: str, *, default: str) -> Mapping[str, Any]:
        await push(
            await self.clone(),
            commit=self.commit,
            branch=self.branch,
            default=default,
            repository=parse(repository, settings=self.settings),
            token=self.token,
            server=self.settings.github_server_url,
        )
        return self._pushed(repository)

    def _pushed(self, repository: str) -> Mapping[str, Any]:
        fork = None if self.destination.may_push else repository
        return {"repository": repository, "branch": self.branch, "commit": self.commit, "fork": fork}


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestEffect:
    """The job's pull request: ``ctx.effect("pull-request", effect.look, effect.make)``.

    ``pushed``: what the :class:`BranchEffect` returned. ``title``: of one line; ``body``: Markdown. Both methods return
    ``{number, url, state, branch, head, base, fork}``: ``state`` is open or closed, ``head`` is the newest commit's id,
    ``base`` the branch asked to.
    """

    github: GitHub
    destination: Destination
    pushed: Mapping[str, Any]
    title: str
    body: str

    async def look(self, key: str) -> Mapping[str, Any] | None:
        """The pull request, also when it is closed or merged by now.

        :raises Fail: what :class:`GitHub` raises.
        :raises Retry: likewise.
        """
        found = await self.github.pull_request(self.destination.repository, head=self._head)
        return None if found is None else self._opened(found)

    async def make(self, key: str) -> Mapping[str, Any]:
        """Opens it.

        :raises Fail: ``pull_request_empty`` and what else :class:`GitHub` raises.
        :raises Retry: likewise.
        """
        wanted = self.destination
        opened = await self.github.open_pull_request(
            wanted.repository, head=self._head, base=wanted.base, title=" ".join(self.title.split()), body=self.body
        )
        return self._opened(opened)

    @property
    def _head(self) -> str:
        owner = self.pushed["repository"].partition("/")[0]
        return f"{owner}:{self.pushed['branch']}"

    def _opened(self, found: PullRequest) -> Mapping[str, Any]:
        return {
            "number": found.number,
            "url": found.html_url,
            "state": found.state,
            "branch": found.head.ref,
            "head": found.head.sha,
            "base": found.base.ref,
            "fork": self.pushed["fork"],
        }
