"""Whether a service can do its work at the moment: named checks, set from anywhere, read from anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

import structlog

from codeforge_common.secrets import redact

SETTLING_SECONDS = 10.0
"""What a process has from its start for its checks to become good."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. ``detail``: why, or how much; JSON, for people."""

    ok: bool
    detail: Any = None


class Readiness:
    """The checks of one process. Ready when every one is good; those named at the start are bad until they report."""

    def __init__(self, checks: Iterable[str] = (), *, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds."""
        self._lock = Lock()
        self._checks = {name: Check(ok=False, detail="not yet known") for name in checks}
        self._warned: set[str] = set()
        self._clock = clock
        self._settled_at = clock() + SETTLING_SECONDS

    def set(self, name: str, *, ok: bool, detail: Any = None) -> None:
        """What became of a check. One line is logged when it changes from bad to good or back, none in between.

        That a process begins with a bad check is no warning yet; it is once it should have settled.
        """
        check = Check(ok=ok, detail=redact(detail) if isinstance(detail, str) else detail)
        with self._lock:
            before = self._checks.get(name)
            self._checks[name] = check
            was_good = before is not None and before.ok
            warns = not ok and name not in self._warned and (was_good or self._clock() >= self._settled_at)
            if warns:
                self._warned.add(name)
            elif ok:
                self._warned.discard(name)
        if warns:
            _log.warning("not ready", check=name, detail=check.detail)
        elif not ok and before is None:
            _log.info("not ready yet", check=name, detail=check.detail)
        elif ok and not was_good and before is not None:
            _log.info("ready", check=name, detail=check.detail)

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether all checks are good, and each by name as ``{"ok", "detail"}``."""
        with self._lock:
            checks = dict(self._checks)
        return all(check.ok for check in checks.values()), {name: asdict(check) for name, check in checks.items()}
