"""The scripts as they pass by on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from codeforge_common.store import Limits
from codeforge_common.store.limits import EVENT_LOG_BYTES
from codeforge_common.store.scripts import NAMES, load


def digests(limits: Limits) -> Mapping[str, bytes]:
    """By what each script is called by a process with these limits; for ``FaultProxy.lose_replies``."""
    here = replace(limits, event_log_max_bytes=limits.event_log_max_bytes or EVENT_LOG_BYTES)
    return {name: load(name, here).sha.encode() for name in NAMES}
