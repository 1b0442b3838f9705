"""git in the working tree of an attempt: guarded, with a time limit, and with what it said."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from codeforge_common.handler import Retry
from codeforge_common.settings import MIB
from codeforge_worker.agent.git import environment
from codeforge_worker.agent.growth import limited
from codeforge_worker.guard import KILLED
from codeforge_worker.process import GuardedProcess, chunks, guarded

_SECONDS = 120.0
_OUTPUT_BYTES = 64 * MIB
_SAID_BYTES = 8192

# Named, so that git never looks for a repository further up; and what it gets as a path is no pattern.
PLACE: Mapping[str, str] = {"GIT_DIR": ".git", "GIT_WORK_TREE": ".", "GIT_LITERAL_PATHSPECS": "1"}


class TooMuchOutput(Exception):
    """git was ended because it printed more than was allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """``code``: the exit code. ``output``: all of stdout. ``said``: the end of stderr, with paths of this machine."""

    code: int
    output: bytes
    said: str


async def run(
    *arguments: str,
    folder: Path,
    protocol: str | None = None,
    variables: Mapping[str, str] | None = None,
    seconds: float = _SECONDS,
    folder_bytes: int = sys.maxsize,
    output_bytes: int = _OUTPUT_BYTES,
    on_said: Callable[[bytes], None] = lambda chunk: None,
) -> Ended:
    """Runs ``git arguments`` for the working tree in ``folder`` until it ends.

    ``folder_bytes``: git is killed when ``folder`` grows beyond. ``on_said`` gets what comes on stderr, as it comes.

    :raises TimeoutError: after ``seconds``; git is gone then.
    :raises TooMuchOutput: beyond ``output_bytes``; likewise.
    """
    env = {**environment(protocol=protocol), **PLACE, **(variables or {})}
    command = ("git", *arguments)
    async with (
        asyncio.timeout(seconds),
        guarded(command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as git,
        limited(git, folder=folder, limit=folder_bytes) if folder_bytes < sys.maxsize else nullcontext(),
    ):
        output, said = await asyncio.gather(_output(git, limit=output_bytes), _said(git, on_said=on_said))
        code = await git.wait()
    if output is None:
        raise TooMuchOutput
    return Ended(code=code, output=output, said=said)


async def succeed(*arguments: str, folder: Path, variables: Mapping[str, str] | None = None) -> bytes:
    """What a local git command that has no reason to fail prints.

    :raises Retry: when the system ended it.
    :raises RuntimeError: when it failed all the same.
    """
    ended = await run(*arguments, folder=folder, variables=variables)
    if ended.code == KILLED:
        raise Retry(reason=f"git {arguments[0]} was ended by the system, perhaps for want of memory.")
    if ended.code != 0:
        raise RuntimeError(f"git {arguments[0]} ended with code {ended.code}")
    return ended.output


async def _output(git: GuardedProcess, *, limit: int) -> bytes | None:
    """All of it; None when it was too much."""
    assert git.stdout is not None
    parts, size = [], 0
    async for chunk in chunks(git.stdout):
        size += len(chunk)
        if size > limit:
            git.kill()
            return None
        parts.append(chunk)
    return b"".join(parts)


async def _said(git: GuardedProcess, *, on_said: Callable[[bytes], None]) -> str:
    assert git.stderr is not None
    tail = b""
    async for chunk in chunks(git.stderr):
        on_said(chunk)
        tail = (tail + chunk)[-_SAID_BYTES:]
    return tail.decode(errors="replace")
