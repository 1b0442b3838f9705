"""Runs ``watch.mjs``: a client in JavaScript, with socket.io-client's default options unless told otherwise."""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import subprocess
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.waiting import wait_for

FOLDER = Path(__file__).parent
WITHIN = 20.0


@cache
def node() -> str:
    """The path of Node.js, with the client's packages installed; skips the test where they can't be had."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("No Node.js: install nodejs and npm for the tests with a JavaScript client.")
    with (Path(tempfile.gettempdir()) / "codeforge-tests-npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in several processes
        if not (FOLDER / "node_modules" / "socket.io-client").is_dir():
            installed = subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund"],
                cwd=FOLDER,
                capture_output=True,
                text=True,
                timeout=50,
                check=False,
            )
            if installed.returncode:
                pytest.skip(f"npm ci in tests/js failed: {installed.stderr[-300:]}")
    return program


@dataclass
class Watcher:
    """A running client and what it has said so far."""

    process: Process
    updates: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seqs(self) -> list[int]:
        """Of the updates, in the order in which they came."""
        return [update["seq"] for update in self.updates]

    def said(self, event: str) -> list[dict[str, Any]]:
        """The notes of one kind: ``connected``, ``joined``, ``refused``, ``disconnected``."""
        return [note for note in self.notes if note["event"] == event]

    async def says(self, event: str, *, times: int = 1) -> dict[str, Any]:
        """Waits for a note; the last one."""
        await wait_for(lambda: len(self.said(event)) >= times, within=WITHIN, what=f"{event}, got {self.notes}")
        return self.said(event)[-1]

    async def has(self, *seqs: int) -> None:
        """Waits for exactly these updates, in order."""
        await wait_for(lambda: len(self.seqs) >= len(seqs), within=WITHIN, what=f"updates {seqs}, got {self.seqs}")
        assert self.seqs == list(seqs)

    async def ends(self) -> None:
        """Waits until it ends well: a job has come to rest."""
        assert await asyncio.wait_for(self.process.wait(), WITHIN) == 0, self.notes


@asynccontextmanager
async def watching(url: str, *options: str) -> AsyncIterator[Watcher]:
    """A client at ``url``; ``options`` as ``watch.mjs`` explains them."""
    process = await asyncio.create_subprocess_exec(
        node(), str(FOLDER / "watch.mjs"), "--url", url, *options, stdout=PIPE, stderr=PIPE, limit=32 * 1024 * 1024
    )
    watcher = Watcher(process)
    readers = asyncio.gather(_collect(process.stdout, watcher.updates), _collect(process.stderr, watcher.notes))
    try:
        yield watcher
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await readers


async def _collect(pipe: asyncio.StreamReader | None, into: list[dict[str, Any]]) -> None:
    assert pipe is not None
    while line := await pipe.readline():
        into.append(json.loads(line))
