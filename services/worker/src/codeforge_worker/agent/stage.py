"""The stages of a task, each with its share of the progress."""

from __future__ import annotations

from dataclasses import dataclass

from codeforge_common.handler import JobContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """``name``: what people read. ``begin`` and ``end``: percent of the whole task."""

    name: str
    begin: int
    end: int

    def enter(self, ctx: JobContext) -> None:
        """Tells that the stage has begun."""
        self.advance(ctx, 0)

    def advance(self, ctx: JobContext, share: float) -> None:
        """Tells that ``share`` of the stage (0 to 1) is done."""
        ctx.progress(self.begin + int((self.end - self.begin) * min(max(share, 0), 1)), self.name)
