"""What the checks hold a change against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from codeforge_worker.agent.edit.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """``scope``: the request's. ``secrets``: the job's own, by value. ``diff_bytes``: of the whole diff."""

    scope: Scope
    secrets: Sequence[str] = field(default=(), repr=False)
    diff_bytes: int
