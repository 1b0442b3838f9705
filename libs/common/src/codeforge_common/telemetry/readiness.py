"""Whether a service can do its work at the moment: named checks, set from anywhere, read from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

import structlog

from codeforge_common.secrets import redact

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. ``detail``: why, or how much; JSON, for people."""

    ok: bool
    detail: Any = None


class Readiness:
    """The checks of one process. Ready when every one is good; those named at the start are bad until they report."""

    def __init__(self, checks: Iterable[str] = ()) -> None:
        self._lock = Lock()
        self._checks = {name: Check(ok=False, detail="not yet known") for name in checks}

    def set(self, name: str, *, ok: bool, detail: Any = None) -> None:
        """What became of a check. One line is logged when it changes from bad to good or back, none in between."""
        check = Check(ok=ok, detail=redact(detail) if isinstance(detail, str) else detail)
        with self._lock:
            before = self._checks.get(name)
            self._checks[name] = check
        if ok and before is not None and not before.ok:
            _log.info("ready", check=name, detail=check.detail)
        elif not ok and (before is None or before.ok):
            _log.warning("not ready", check=name, detail=check.detail)

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether all checks are good, and each by name as ``{"ok", "detail"}``."""
        with self._lock:
            checks = dict(self._checks)
        return all(check.ok for check in checks.values()), {name: asdict(check) for name, check in checks.items()}
