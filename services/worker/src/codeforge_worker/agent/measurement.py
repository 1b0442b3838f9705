"""Runs :mod:`codeforge_worker.agent.measure` in a process of its own and listens to it."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.git import environment
from codeforge_worker.process import GuardedProcess, chunks, guarded

log = logging.getLogger(__name__)

LIMIT_SECONDS = 300.0
_COMMAND = (sys.executable, "-P", "-m", "codeforge_worker.agent.measure")


async def measured(
    repository: Path,
    *,
    on_progress: Callable[[float], None] = lambda share: None,
    limit_seconds: float = LIMIT_SECONDS,
) -> Mapping[str, Any]:
    """The facts about the bare ``repository``. ``on_progress`` gets the share done, 0 to 1.

    :raises Fail: ``analysis_too_slow``.
    :raises Retry: when the process was ended by somebody else, e.g. for want of memory.
    """
    try:
        async with (
            asyncio.timeout(limit_seconds),
            guarded(
                _COMMAND, env=environment(), cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as process,
            asyncio.TaskGroup() as group,
        ):
            complaints = group.create_task(_tail(process))
            facts = None
            async for message in _messages(process):
                on_progress(message.get("done", 1.0))
                facts = message.get("facts")
            code = await process.wait()
    except TimeoutError:
        raise Fail("analysis_too_slow", f"Measuring took longer than the {limit_seconds:g} seconds allowed.") from None
    if code != 0 or facts is None:
        log.warning("Measuring ended with code %d: %s", code, complaints.result())
        raise Retry(reason=f"Measuring the repository ended unexpectedly (code {code}).")
    result: Mapping[str, Any] = facts
    return result


async def _messages(process: GuardedProcess) -> AsyncIterator[dict[str, Any]]:
    assert process.stdout is not None
    rest = b""
    async for chunk in chunks(process.stdout):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)


async def _tail(process: GuardedProcess) -> str:
    """The end of what the process says on stderr, read all the time so that it never waits for us."""
    assert process.stderr is not None
    tail = b""
    async for chunk in chunks(process.stderr):
        tail = (tail + chunk)[-2000:]
    return tail.decode(errors="replace")
