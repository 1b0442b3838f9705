"""The change isn't empty."""

from __future__ import annotations

from collections.abc import Iterator

from codeforge_worker.agent.edit.change import Edit
from codeforge_worker.agent.edit.checks.demands import Demands

EMPTY = "Nothing is changed. Change the files as the request asks, with write or replace."


def check(edit: Edit, demands: Demands) -> Iterator[str]:
    """One complaint where no file is changed."""
    if not edit.changes:
        yield EMPTY
