"""What must not be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """What is broken, in the words of the report."""

    LOST = "jobs lost"
    DOUBLED = "submits that made two jobs"
    RESTING = "jobs not in exactly one terminal state"
    OUTCOME = "jobs with another end than theirs"
    EARLY = "jobs that started before their time"
    GAP = "gaps in sequences"
    FORGOTTEN = "changes that a restart lost"
    TOKENS = "jobs with two valid tokens"
    LATE = "runs that went on without their lease"
    OVERLAP = "overlapping runs"
    STALE = "results of runs that had lost their job"
    CAP = "users over their cap"
    STEP = "finished steps that ran again"
    REPEATED = "lines of a log or an output written twice"
    INDEX = "counters or indexes that differ"
    SIGHT = "updates that a watcher missed or got twice"
    SURPRISE = "other surprises"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One breach. ``job`` is empty where it concerns none."""

    rule: Rule
    text: str
    job: str = ""
