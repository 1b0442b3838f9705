"""Pushes a commit of a clone to a new branch, and to nothing but a job's branch."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

from codeforge_common.handler import Retry
from codeforge_common.secrets import Redactor
from codeforge_worker.agent.git import authorization, environment
from codeforge_worker.agent.github.destination import BRANCHES
from codeforge_worker.agent.github.failure import explain_push
from codeforge_worker.agent.repository import Repository
from codeforge_worker.process import chunks, guarded

PUSH_SECONDS = 300.0

_TAIL_BYTES = 8192
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = re.compile(rf"{BRANCHES}[A-Za-z0-9_-]+")


async def push(
    folder: Path, *, commit: str, branch: str, default: str, repository: Repository, token: str, server: str
) -> None:
    """Pushes ``commit`` of the repository in ``folder`` to ``repository`` as its new ``branch``.

    ``default``: the default branch there. ``server``: the address that ``token`` is for (``GITHUB_SERVER_URL``).

    :raises ValueError: for a branch that is the default one, or no job's.
    :raises Fail: ``branch_protected``, ``branch_conflict``, … (:mod:`codeforge_worker.agent.github.failure`).
    :raises Retry: when the network or the server failed, or the push took longer than :data:`PUSH_SECONDS`.
    """
    if branch == default or not _BRANCH.fullmatch(branch):
        raise ValueError(f"nothing is pushed to {branch}")
    if not _COMMIT.fullmatch(commit):
        raise ValueError("a commit is pushed by its whole id")
    reference = f"refs/heads/{branch}"
    # With this lease the branch must not exist: what is there is neither overwritten nor continued.
    command = ["git", "push", f"--force-with-lease={reference}:", "--", repository.url, f"{commit}:{reference}"]
    env = {**environment(protocol=repository.protocol), **authorization(token, server=server)}
    tail = b""
    try:
        async with (
            asyncio.timeout(PUSH_SECONDS),
            guarded(command, env=env, cwd=folder, stderr=subprocess.PIPE) as git,
        ):
            assert git.stderr is not None
            async for chunk in chunks(git.stderr):
                tail = (tail + chunk)[-_TAIL_BYTES:]
            code = await git.wait()
    except TimeoutError:
        raise Retry(reason=f"Pushing to {repository.label} took longer than {PUSH_SECONDS:g} seconds.") from None
    if code != 0:
        said = Redactor([token]).text(tail.decode(errors="replace"))
        raise explain_push(said, code=code, label=repository.label, branch=branch)
