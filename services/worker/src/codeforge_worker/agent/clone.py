"""Brings a repository into a folder: shallow, bare, watched for size and time."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from codeforge_common.handler import Fail
from codeforge_common.settings import MIB
from codeforge_worker.agent.branch import check_branch
from codeforge_worker.agent.clone_failure import explain
from codeforge_worker.agent.git import authorization, environment
from codeforge_worker.agent.growth import limited, size
from codeforge_worker.agent.repository import Repository
from codeforge_worker.process import GuardedProcess, chunks, guarded
from codeforge_worker.settings import AgentSettings

DEPTH = 200
"""Commits that a clone brings along: enough to see which files change often, and a bound on the history's size."""

_TAIL_BYTES = 8192
_PERCENT = re.compile(rb"(Receiving objects|Resolving deltas): +(\d+)%")


async def clone(
    repository: Repository,
    folder: Path,
    *,
    branch: str | None,
    token: str | None,
    settings: AgentSettings,
    on_progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Clones the newest :data:`DEPTH` commits of ``branch`` (None: the default one) into the empty ``folder``.

    Bare: no file of the repository is written under a name that it chose. ``on_progress`` gets the share done, 0 to 1.

    :raises Fail: ``branch_refused``, ``branch_not_found``, ``repository_not_found``, ``repository_empty``,
        ``repository_too_large``, ``repository_too_slow``, ``repository_needs_credentials``, … (see
        :mod:`codeforge_worker.agent.clone_failure`).
    :raises Retry: when the network or the server failed.
    """
    check_branch(branch)
    env = dict(environment(protocol=repository.protocol))
    if token and repository.takes_token:
        env |= authorization(token, server=settings.github_server_url)
    command = [
        "git",
        "clone",
        "--bare",
        "--template=",
        "--no-tags",
        "--single-branch",
        f"--depth={DEPTH}",
        "--progress",
    ]
    command += [f"--branch={branch}"] if branch is not None else []
    seconds = settings.agent_clone_timeout_seconds
    try:
        async with (
            asyncio.timeout(seconds),
            guarded([*command, "--", repository.url, str(folder)], env=env, cwd=folder, stderr=subprocess.PIPE) as git,
        ):
            code, said = await _finish(
                git, folder=folder, limit=settings.agent_clone_max_bytes, on_progress=on_progress
            )
    except TimeoutError:
        message = f"Cloning {repository.label} took longer than the {seconds:g} seconds allowed."
        raise Fail("repository_too_slow", message) from None
    if await asyncio.to_thread(size, folder) > settings.agent_clone_max_bytes:
        megabytes = settings.agent_clone_max_bytes // MIB
        raise Fail("repository_too_large", f"{repository.label} is larger than the {megabytes} MiB allowed.")
    if code != 0:
        raise explain(said, code=code, repository=repository, branch=branch, with_token=bool(token))
    if not await _has_commit(folder):
        raise Fail("repository_empty", f"{repository.label} is empty: its default branch has no commit.")


async def _finish(
    git: GuardedProcess, *, folder: Path, limit: int, on_progress: Callable[[float], None]
) -> tuple[int, str]:
    """Exit code and the end of what git said."""
    tail = b""
    async with limited(git, folder=folder, limit=limit):
        assert git.stderr is not None
        async for chunk in chunks(git.stderr):
            tail = (tail + chunk)[-_TAIL_BYTES:]
            for phase, percent in _PERCENT.findall(chunk):
                share = int(percent) / 100
                on_progress(0.8 * share if phase.startswith(b"Receiving") else 0.8 + 0.2 * share)
        return await git.wait(), tail.decode(errors="replace")


async def _has_commit(folder: Path) -> bool:
    command = ["git", "rev-parse", "--quiet", "--verify", "HEAD^{commit}"]
    async with guarded(command, env=environment(), cwd=folder) as git:
        return await git.wait() == 0
