"""Brings one commit of a repository, with its files, into an empty repository; watched for size and time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from codeforge_common.handler import Fail, Retry
from codeforge_common.settings import MIB
from codeforge_worker.agent.clone_failure import explain
from codeforge_worker.agent.edit.run import Ended, run
from codeforge_worker.agent.git import authorization
from codeforge_worker.agent.growth import size
from codeforge_worker.agent.repository import Repository
from codeforge_worker.settings import AgentSettings

_DEEPER = 200
_WHOLE = 2**31 - 1  # what git itself takes for "all" (INFINITE_DEPTH)
_NOT_THERE = re.compile(r"not our ref|unadvertised object|[Cc]ouldn't find remote ref")
_PERCENT = re.compile(rb"Receiving objects: +(\d+)%")


async def fetch(
    repository: Repository,
    folder: Path,
    *,
    commit: str,
    branch: str | None,
    token: str | None,
    settings: AgentSettings,
    on_progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Fetches ``commit`` into the repository in ``folder``: alone, or, from a server that gives only what a branch
    names, by as much of the history of ``branch`` (None: the default one) as it takes.

    :raises Fail: ``base_gone`` when the commit isn't there any more, ``repository_too_large``,
        ``repository_too_slow``, and what :mod:`codeforge_worker.agent.clone_failure` tells.
    :raises Retry: when the network or the server failed.
    """
    variables: Mapping[str, str] = {}
    if token and repository.takes_token:
        variables = authorization(token, server=settings.github_server_url)

    def listen(chunk: bytes) -> None:
        for percent in _PERCENT.findall(chunk):
            on_progress(int(percent) / 100)

    seconds = settings.agent_clone_timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            for wanted, depth in _attempts(commit, branch=branch):
                ended = await run(
                    *("fetch", "--no-tags", "--progress", f"--depth={depth}", "--", repository.url, wanted),
                    folder=folder,
                    protocol=repository.protocol,
                    variables=variables,
                    seconds=seconds,
                    folder_bytes=settings.agent_clone_max_bytes,
                    on_said=listen,
                )
                await _check_size(folder, label=repository.label, limit=settings.agent_clone_max_bytes)
                if ended.code != 0 and not _NOT_THERE.search(ended.said):
                    raise _explained(ended, repository=repository, branch=branch, token=token)
                if ended.code == 0 and await _has(commit, folder=folder):
                    return
    except TimeoutError:
        message = f"Fetching {repository.label} took longer than the {seconds:g} seconds allowed."
        raise Fail("repository_too_slow", message) from None
    message = f"{repository.label} has no commit {commit[:12]} any more: its history was rewritten. Start the job anew."
    raise Fail("base_gone", message)


def _attempts(commit: str, *, branch: str | None) -> Iterator[tuple[str, int]]:
    """What to ask for, and how many commits of it."""
    yield commit, 1
    yield from ((f"refs/heads/{branch}" if branch else "HEAD", depth) for depth in (_DEEPER, _WHOLE))


async def _check_size(folder: Path, *, label: str, limit: int) -> None:
    if await asyncio.to_thread(size, folder) > limit:
        raise Fail("repository_too_large", f"{label} is larger than the {limit // MIB} MiB allowed.")


def _explained(ended: Ended, *, repository: Repository, branch: str | None, token: str | None) -> Fail | Retry:
    return explain(ended.said, code=ended.code, repository=repository, branch=branch, with_token=bool(token))


async def _has(commit: str, *, folder: Path) -> bool:
    return (await run("cat-file", "-e", f"{commit}^{{commit}}", folder=folder)).code == 0
