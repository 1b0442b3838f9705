"""Which jobs of a claim one call of a handler takes together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codeforge_common.store import Run


def batches(runs: Sequence[Run], *, sizes: Mapping[str, int]) -> Iterator[Sequence[Run]]:
    """The runs of a claim as slots take them: each alone, or up to ``sizes[type]`` of a type together, in order."""
    of_type: dict[str, list[Run]] = {}
    for run in runs:
        of_type.setdefault(run.type, []).append(run)
    for job_type, together in of_type.items():
        size = sizes[job_type]
        for first in range(0, len(together), size):
            yield together[first : first + size]
