"""Deliberate defects of the scripts, each of which the suite must find (``python -m tests.common.store.mutants``)."""

from __future__ import annotations

from tests.common.store.defects.batches import BATCHES
from tests.common.store.defects.chat import CHAT
from tests.common.store.defects.defect import Defect
from tests.common.store.defects.door import DOOR
from tests.common.store.defects.ends import ATTEMPTS, CANCEL
from tests.common.store.defects.events import EVENTS, LOG
from tests.common.store.defects.leases import CLAIM_NUMBERS, ENDED, LEASES, TOKENS
from tests.common.store.defects.memory import MEMORY
from tests.common.store.defects.records import RECORDS
from tests.common.store.defects.steps import OUTPUT, PRIVATE, STEPS
from tests.common.store.defects.sweep import SWEEP
from tests.common.store.defects.time import TIME
from tests.common.store.defects.timeline import TIMELINE
from tests.common.store.defects.turns import TURNS

DEFECTS: tuple[Defect, ...] = (
    *TOKENS,
    *CLAIM_NUMBERS,
    *LEASES,
    *ENDED,
    *RECORDS,
    *ATTEMPTS,
    *CANCEL,
    *EVENTS,
    *LOG,
    *DOOR,
    *TURNS,
    *BATCHES,
    *STEPS,
    *PRIVATE,
    *OUTPUT,
    *TIMELINE,
    *TIME,
    *MEMORY,
    *SWEEP,
    *CHAT,
)

__all__ = ["DEFECTS", "Defect"]
