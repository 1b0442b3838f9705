"""Single containers, beside those of the stack."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.plugins.waiting import wait_until


def docker(*arguments: str) -> str:
    """Runs ``docker`` and returns its stdout."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"docker {arguments[0]} failed:\n{done.stderr[-8000:]}"
    return done.stdout.strip()


def inspect(container: str) -> dict[str, Any]:
    """What the engine knows of a container."""
    described: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return described


@contextmanager
def removed_afterwards(container: str) -> Iterator[str]:
    """The id of ``container``, which is gone with its volumes when the block ends."""
    try:
        yield container
    finally:
        docker("rm", "--force", "--volumes", container)


def wait_until_healthy(container: str) -> None:
    """Waits for the first good answer to the image's health check; a failure shows the container's log."""

    def healthy() -> bool:
        state = inspect(container)["State"]
        assert state["Running"], f"ended with {state['ExitCode']}"
        return bool(state["Health"]["Status"] == "healthy")

    try:
        wait_until(healthy, within=60, what="a healthy container")
    except AssertionError as unhealthy:
        log = subprocess.run(["docker", "logs", container], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        raise AssertionError(f"{unhealthy}\n{log.stdout[-8000:]}") from None
