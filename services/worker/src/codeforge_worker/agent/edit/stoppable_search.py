"""Runs a search where it can be stopped: a text in a thread, an expression in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from codeforge_worker.agent.edit.refused import Refused
from codeforge_worker.agent.edit.search import Found, Query, find
from codeforge_worker.agent.git import environment
from codeforge_worker.process import chunks, guarded

_COMMAND = (sys.executable, "-P", "-m", "codeforge_worker.agent.edit.search")
_START_SECONDS = 30.0
_TOO_HARD = "This expression takes too long or too much memory; search for a literal text, or for a simpler expression."


async def searched(query: Query, *, folder: Path) -> Found:
    """What :func:`find` finds.

    :raises Refused: for an expression that is none, or that doesn't come to an end in time.
    """
    if not query.regex:
        return await asyncio.to_thread(find, query, folder=folder)
    command = (*_COMMAND, json.dumps(asdict(query)))
    try:
        # The program keeps the time itself; this is for one that hasn't even begun.
        async with (
            asyncio.timeout(query.seconds + _START_SECONDS),
            guarded(command, env=environment(), cwd=folder, stdout=subprocess.PIPE) as process,
        ):
            assert process.stdout is not None
            output = b"".join([chunk async for chunk in chunks(process.stdout)])
            code = await process.wait()
    except TimeoutError:
        raise Refused(_TOO_HARD) from None
    if code != 0:
        raise Refused(_TOO_HARD)
    answer = json.loads(output)
    if "error" in answer:
        raise Refused(f"This is no regular expression as Python knows them: {answer['error']}.")
    return Found(lines=[tuple(line) for line in answer["lines"]], complete=answer["complete"])
