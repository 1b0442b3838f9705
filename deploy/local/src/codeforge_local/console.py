"""The lines that a person reads."""

from __future__ import annotations

import sys


def say(name: str, text: str) -> None:
    """One line about one part of the system."""
    print(f"{name:<8} {text}", flush=True)


def complain(text: str) -> None:
    """Why it can't start, on standard error."""
    print(text, file=sys.stderr, flush=True)
