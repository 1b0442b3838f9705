"""Moments of a run at which a test lets something happen to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class AfterStep:
    """The step or effect ``name`` has ended and is kept."""

    name: str


@dataclass(frozen=True, slots=True)
class BeforeKept:
    """The step or effect ``name`` has done its work, and nobody but the handler knows yet."""

    name: str


@dataclass(frozen=True, slots=True)
class AfterTelling:
    """The handler has told ``text``: a line of the log or a stage."""

    text: str


@dataclass(frozen=True, slots=True)
class AfterSeconds:
    """So many ``seconds`` have passed since the run began, on the kit's clock; 0 is when it begins to wait."""

    seconds: float


Moment: TypeAlias = AfterStep | BeforeKept | AfterTelling | AfterSeconds
