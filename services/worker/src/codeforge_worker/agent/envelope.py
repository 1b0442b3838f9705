"""The result of a workflow, in the one shape that every workflow gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeforge_worker.agent.models import Usage


def envelope(
    *,
    workflow: str,
    summary: str,
    result: str,
    usage: Usage,
    diff: str | None = None,
    files: Sequence[Mapping[str, Any]] = (),
    pull_request: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """``{workflow, summary, result, diff, files, pullRequest, usage}`` and what a workflow adds in ``more``.

    ``summary``: a sentence or two without markup. ``result``: the answer for the person, in Markdown. ``diff``:
    unified; None where the workflow changes nothing. ``files``: ``{path, status, additions, deletions}`` of each
    changed file. ``pull_request``: ``{number, url, branch, head, base, fork}``. ``usage``: see :meth:`Usage.as_json`.
    """
    return {
        "workflow": workflow,
        "summary": summary,
        "result": result,
        "diff": diff,
        "files": list(files),
        "pullRequest": pull_request,
        "usage": usage.as_json(),
        **more,
    }
