"""What every run keeps to, and what it needs: the same for all runs of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.telemetry.tracing import Tracing
from codeforge_worker.blocking import ChildLimits
from codeforge_worker.reports import LogLimits
from codeforge_worker.run_calls import RunCalls
from codeforge_worker.step_keeper import StepLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``result_bytes``: of a result as JSON. ``output_bytes``: of a job's output.

    ``cancel_seconds``: what a cancelled handler has to end by itself.
    """

    backoff_first: float
    backoff_longest: float
    result_bytes: int
    output_bytes: int
    cancel_seconds: float
    log: LogLimits
    steps: StepLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """``scratch``: the worker's folder for workspaces."""

    keyring: KeyRing
    redactor: Redactor
    tracing: Tracing
    scratch: Path
    child_limits: ChildLimits
    calls: RunCalls
