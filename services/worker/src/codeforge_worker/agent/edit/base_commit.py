"""The commit that a change is built on: where a branch stands now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from codeforge_common.handler import Fail
from codeforge_worker.agent.branch import check_branch
from codeforge_worker.agent.clone_failure import explain
from codeforge_worker.agent.edit.run import run
from codeforge_worker.agent.git import authorization
from codeforge_worker.agent.repository import Repository
from codeforge_worker.settings import AgentSettings

_HEADS = "refs/heads/"
_SYMBOLIC = re.compile(rf"ref: {_HEADS}(?P<branch>\S+)\tHEAD")
_LINE = re.compile(r"(?P<commit>[0-9a-f]{40,64})\t(?P<name>\S+)")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """``commit``: the full id. ``branch``: the branch that it was found on; None where ``HEAD`` names none."""

    commit: str
    branch: str | None


async def base_of(
    repository: Repository, *, branch: str | None, token: str | None, settings: AgentSettings, folder: Path
) -> Base:
    """The newest commit of ``branch`` (None: the default one), asked of the repository's server.

    ``folder``: an empty one; git needs some place to run in.

    :raises Fail: ``branch_refused``, ``branch_not_found``, ``repository_empty``, ``repository_too_slow``, and what
        :mod:`codeforge_worker.agent.clone_failure` tells.
    :raises Retry: when the network or the server failed.
    """
    check_branch(branch)
    wanted = "HEAD" if branch is None else f"{_HEADS}{branch}"
    variables = authorization(token, server=settings.github_server_url) if token and repository.takes_token else None
    try:
        ended = await run(
            *("ls-remote", "--symref", "--", repository.url, wanted),
            folder=folder,
            protocol=repository.protocol,
            variables=variables,
            seconds=min(_SECONDS, settings.agent_clone_timeout_seconds),
        )
    except TimeoutError:
        raise Fail("repository_too_slow", f"{repository.label} doesn't answer.") from None
    if ended.code != 0:
        raise explain(ended.said, code=ended.code, repository=repository, branch=branch, with_token=bool(token))
    said = ended.output.decode(errors="replace")
    found = next((line["commit"] for line in _LINE.finditer(said) if line["name"] == wanted), None)
    if found is None and branch is None:
        raise Fail("repository_empty", f"{repository.label} is empty: its default branch has no commit.")
    if found is None:
        raise Fail("branch_not_found", f"{repository.label} has no branch {branch}.")
    symbolic = _SYMBOLIC.search(said)
    return Base(commit=found, branch=branch or (symbolic["branch"] if symbolic else None))
