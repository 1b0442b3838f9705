"""GitHub's REST API, as far as the agent needs it: seven calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx2

from codeforge_common.handler import Retry
from codeforge_worker.agent.github.answers import PullRequest, Reference, RemoteRepository, User
from codeforge_worker.agent.github.connection import Connection, connection, read
from codeforge_worker.settings import AgentSettings

PAGE = 100
"""Entries of a page, the most that GitHub gives."""

MOST_PAGES = 10
"""Pages of repositories that are read: the thousand that were pushed to last."""

FORK_SECONDS = 120.0
"""How long a new fork is waited for in an attempt. It may take GitHub up to five minutes."""

TITLE_LENGTH, BODY_LENGTH = 256, 65_536
"""Characters that GitHub takes in a pull request."""


class GitHub:
    """GitHub as one token sees it. Repositories are named ``owner/name``.

    Each call raises :class:`Fail` and :class:`Retry` as :meth:`Connection.ask` does.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def user(self) -> User:
        """Whose token it is."""
        doing = "tell whose token it is"
        answer = await self._ask("GET", "/user", doing=doing, label="The token's user")
        scopes = answer.headers.get("x-oauth-scopes")
        listed = None if scopes is None else [scope.strip() for scope in scopes.split(",") if scope.strip()]
        return read(User, answer, doing=doing).model_copy(update={"scopes": listed})

    async def repository(self, name: str) -> RemoteRepository:
        """The repository, under its present name, with what the user may do there."""
        doing = f"read {name}"
        return read(RemoteRepository, await self._ask("GET", _path(name), doing=doing, label=name), doing=doing)

    async def fork_of(self, name: str, *, owner: str) -> RemoteRepository | None:
        """The fork that ``owner`` has under the name that a new one gets; None where there is none."""
        own = f"{owner}/{name.partition('/')[2]}"
        doing = f"look for a fork of {name}"
        answer = await self._connection.ask("GET", _path(own), doing=doing, label=own, absent={404})
        found = None if answer is None else read(RemoteRepository, answer, doing=doing)
        return found if found is not None and found.is_fork_of(name) else None

    async def pushable(self) -> Sequence[str]:
        """The repositories that the user may push to, pushed to last first; up to :data:`MOST_PAGES` pages are read."""
        doing = "list the repositories of the token's user"
        names: list[str] = []
        for page in range(1, MOST_PAGES + 1):
            params = {"sort": "pushed", "per_page": str(PAGE), "page": str(page)}
            answer = await self._ask("GET", "/user/repos", doing=doing, label="The list of repositories", params=params)
            found = read(list[RemoteRepository], answer, doing=doing)
            names += [repository.full_name for repository in found if repository.permissions.push]
            if "next" not in answer.links:
                break
        return names

    async def tip(self, name: str, branch: str) -> str | None:
        """The id of the branch's newest commit; None where there is no such branch, or no commit at all."""
        doing = f"read the branch {branch} of {name}"
        path = f"{_path(name)}/git/ref/heads/{quote(branch)}"
        answer = await self._connection.ask("GET", path, doing=doing, label=name, absent={404, 409})
        return None if answer is None else read(Reference, answer, doing=doing).object.sha

    async def pull_request(self, name: str, *, head: str) -> PullRequest | None:
        """The newest pull request on ``name`` from ``head``, which is ``owner:branch``, open or closed; None: none."""
        doing = f"look for a pull request on {name}"
        params = {"state": "all", "head": head, "sort": "created", "direction": "desc", "per_page": str(PAGE)}
        answer = await self._ask("GET", f"{_path(name)}/pulls", doing=doing, label=name, params=params)
        # GitHub answers with all of them where it can't read the filter.
        found = read(list[PullRequest], answer, doing=doing)
        return next((one for one in found if (one.head.label or "").lower() == head.lower()), None)

    async def open_pull_request(self, name: str, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Opens a pull request on ``name`` that asks for what is on ``head`` (``owner:branch``) to go to ``base``.

        Raises :class:`Fail` with ``pull_request_empty`` too.
        """
        doing = f"open a pull request on {name}"
        wanted = {"title": title[:TITLE_LENGTH], "body": body[:BODY_LENGTH], "head": head, "base": base}
        answer = await self._ask("POST", f"{_path(name)}/pulls", doing=doing, label=name, body=wanted)
        return read(PullRequest, answer, doing=doing)

    async def fork(self, name: str, *, within: float = FORK_SECONDS) -> RemoteRepository:
        """The user's fork of ``name``: the one that is there, else a new one, once it can be pushed to.

        Raises :class:`Retry` where it isn't there ``within`` seconds.
        """
        doing = f"fork {name}"
        fork = read(
            RemoteRepository,
            await self._ask("POST", f"{_path(name)}/forks", doing=doing, label=name, body={}),
            doing=doing,
        )
        try:
            async with asyncio.timeout(within):
                pause = 0.25
                while await self.tip(fork.full_name, fork.default_branch) is None:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, 5)
        except TimeoutError:
            raise Retry(after=60, reason=f"GitHub is still making the fork {fork.full_name}.") from None
        return fork

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        label: str,
        params: dict[str, str] | None = None,
        body: dict[str, str] | None = None,
    ) -> httpx2.Response:
        answer = await self._connection.ask(method, path, doing=doing, label=label, params=params, body=body)
        assert answer is not None, "only where an absent status is named"
        return answer


@asynccontextmanager
async def github(*, token: str, settings: AgentSettings) -> AsyncIterator[GitHub]:
    """GitHub as ``token`` sees it, at ``GITHUB_API_URL``, for as long as the block lasts.

    :raises Fail: ``github_token_refused`` for what can't be a token.
    """
    async with connection(token=token, settings=settings) as opened:
        yield GitHub(opened)


def _path(name: str) -> str:
    return f"/repos/{quote(name)}"
