"""Private steps: what they returned lies in the store compressed and sealed, so that only workers can read it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from codeforge_common.errors import SecretUnreadable
from codeforge_common.secrets import KeyRing
from codeforge_common.store import Run

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The JSON text of finished steps by name, up to the first that can't be had (``lost``)."""

    steps: Mapping[str, str]
    lost: str | None = None


def seal(text: str, *, run: Run, name: str, keyring: KeyRing) -> bytes:
    """The result of the step ``name`` as it is kept."""
    return keyring.seal_step(zlib.compress(text.encode()), job_id=run.job_id, user_id=run.user_id, name=name)


def open_steps(run: Run, *, keyring: KeyRing) -> Opened:
    """What earlier runs have finished, up to the first step that can't be opened: a handler sees no later one."""
    steps: dict[str, str] = {}
    for name, result in run.steps.items():
        try:
            steps[name] = result if isinstance(result, str) else _open(result, run=run, name=name, keyring=keyring)
        except SecretUnreadable as error:
            _log.warning("a private step can't be opened and runs again", step=name, reason=str(error))
            return Opened(steps=steps, lost=name)
    return Opened(steps=steps)


def _open(sealed: bytes, *, run: Run, name: str, keyring: KeyRing) -> str:
    return zlib.decompress(keyring.open_step(sealed, job_id=run.job_id, user_id=run.user_id, name=name)).decode()
