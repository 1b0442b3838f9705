"""How much a model may look at and change."""

from __future__ import annotations

from dataclasses import dataclass

from codeforge_worker.settings import AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``file_bytes``: of a file, read or written. ``files``: changed in a job. ``turn_bytes``: written in a turn.

    ``reads``: lists, reads and searches in a turn. ``answer_chars``: of a tool's answer. ``search_seconds``: of one
    search.
    """

    file_bytes: int
    files: int
    turn_bytes: int
    reads: int
    answer_chars: int
    search_seconds: float

    @classmethod
    def of(cls, settings: AgentSettings) -> Limits:
        """Those that the operator has set."""
        return cls(
            file_bytes=settings.agent_edit_file_max_bytes,
            files=settings.agent_edit_files_max,
            turn_bytes=settings.agent_edit_turn_max_bytes,
            reads=settings.agent_edit_turn_reads_max,
            answer_chars=settings.agent_edit_answer_max_chars,
            search_seconds=settings.agent_edit_search_seconds,
        )
