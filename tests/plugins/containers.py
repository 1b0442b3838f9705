"""Whether a container engine answers and has, or can fetch, an image."""

from __future__ import annotations

import gc
import warnings
from functools import cache

import docker
from docker.errors import DockerException, ImageNotFound


@cache
def image_at_hand(name: str) -> tuple[bool, str]:
    """``(True, "")``, or ``(False, reason)``."""
    with warnings.catch_warnings():
        # The client leaves its socket to the collector when nobody listens; later that would fail some test.
        warnings.simplefilter("ignore", ResourceWarning)
        answer = _ask(name)
        gc.collect()
    return answer


def _ask(name: str) -> tuple[bool, str]:
    try:
        client = docker.from_env(timeout=10)
        client.ping()
    except DockerException:
        return False, "no container engine answers"
    try:
        try:
            client.images.get(name)
        except ImageNotFound:
            client.images.pull(name)
    except DockerException:
        return False, f"the container engine can't fetch {name}"
    finally:
        client.close()
    return True, ""
