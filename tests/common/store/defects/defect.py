"""What a defect is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """In ``file``, the first ``old`` becomes ``new``. ``first``: tests that are likely to find it (``test_*.py``)."""

    name: str
    file: str
    old: str
    new: str
    first: str = "runs"
