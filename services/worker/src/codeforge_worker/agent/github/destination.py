"""Where a change is to go, found out before any work is done for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from codeforge_common.handler import Fail
from codeforge_worker.agent.github.answers import RemoteRepository, User
from codeforge_worker.agent.github.client import GitHub

BRANCHES = "codeforge/"
"""What the branches of jobs begin with; nothing is ever pushed to another."""


class Destination(BaseModel, frozen=True):
    """``repository``: ``owner/name``, as it is called now. ``base``: its default branch, which a pull request is for.

    ``may_push``: whether the user may push to it; else a fork is. ``user``: whose token it is.
    """

    repository: str
    base: str
    may_push: bool
    user: User

    def as_json(self) -> Mapping[str, Any]:
        """For a step's result; ``Destination.model_validate`` reads it."""
        return self.model_dump(mode="json")


async def destination(github: GitHub, name: str) -> Destination:
    """Where a change of the repository ``name`` goes.

    :raises Fail: ``repository_archived``, ``github_scope_missing``, ``fork_refused``, ``repository_not_found``,
        ``github_token_refused``, … (see :mod:`codeforge_worker.agent.github.failure`).
    :raises Retry: likewise.
    """
    user = await github.user()
    repository = await github.repository(name)
    if repository.archived:
        sentence = f"{repository.full_name} is archived, so nothing can be changed there."
        raise Fail("repository_archived", sentence)
    _refuse_without_scope(user, repository)
    may_push = repository.permissions.push
    if not may_push and not repository.allow_forking:
        raise Fail("fork_refused", f"{repository.full_name} may not be forked, and {user.login} may not push to it.")
    return Destination(repository=repository.full_name, base=repository.default_branch, may_push=may_push, user=user)


def branch_of(job_id: str) -> str:
    """The branch of a job's change."""
    return f"{BRANCHES}{job_id}"


def _refuse_without_scope(user: User, repository: RemoteRepository) -> None:
    """A classic token tells what it may; of another kind the push itself tells."""
    needed = ("repo",) if repository.private else ("repo", "public_repo")
    if user.scopes is not None and not set(needed) & set(user.scopes):
        name, wanted = repository.full_name, " or ".join(needed)
        raise Fail("github_scope_missing", f"The token lacks a scope: to change {name} it needs {wanted}.")
