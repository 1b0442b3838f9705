"""One part of the system: how it is started, when it is ready, how it is ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codeforge_local import leash


@dataclass(frozen=True, kw_only=True)
class Service:
    """``command[0]`` is an absolute path. ``ready`` is None once it serves, else a few words on what it waits for.

    ``address`` is what its line says when it is ready. ``grace``: seconds in which it ends by itself once it is asked
    to. ``log``: where its output goes; None is ours. ``inherits``: descriptors that it gets.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    ready: Callable[[], Awaitable[str | None]]
    address: str
    grace: float
    log: Path | None = None
    inherits: Sequence[int] = ()

    async def start(self) -> Running:
        """Starts it. It stays in our session, in a process group of its own: a Ctrl-C in the terminal is for us, who
        end the parts in the right order."""
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if self.log else None
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", leash.__file__, str(os.getpid())),
                *self.command,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.inherits,
                process_group=0,
            )
        finally:
            if output is not None:
                os.close(output)
        return Running(process)


@dataclass(frozen=True)
class Running:
    """A started service."""

    process: asyncio.subprocess.Process

    async def ended(self) -> str:
        """Waits for its end and says how it ended: ``with exit code 1``, ``by SIGKILL``."""
        code = await self.process.wait()
        self._signal(signal.SIGKILL)  # whatever it left in its group
        return f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"

    def terminate(self) -> None:
        """Asks it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # nobody is left; macOS says the latter where zombies are
            pass
