"""One turn of the model: what it may still look at and write, and what it has changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from codeforge_worker.agent.edit.delta import section
from codeforge_worker.agent.edit.limits import Limits
from codeforge_worker.agent.edit.patch import Patch
from codeforge_worker.agent.edit.refused import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file before the turn (None: it wasn't there) and now."""

    before: bytes | None
    after: bytes
    executable: bool


@dataclass(slots=True, kw_only=True)
class Turn:
    """Counts what the limits allow in a turn. ``files``: what it has changed, by path."""

    limits: Limits
    reads: int = 0
    written_bytes: int = 0
    files: dict[str, Written] = field(default_factory=dict)

    def count_read(self) -> None:
        """Notes a look.

        :raises Refused: when there were too many.
        """
        if self.reads >= self.limits.reads:
            raise Refused(
                f"The {self.limits.reads} looks of this turn are used up. Change what you know, or end the turn."
            )
        self.reads += 1

    def check_room(self, content: bytes) -> None:
        """Looks whether ``content`` may be written.

        :raises Refused: when the file, or what the turn writes in all, becomes too large.
        """
        if len(content) > self.limits.file_bytes:
            raise Refused(f"The file would be larger than the {self.limits.file_bytes} bytes allowed; split it.")
        if self.written_bytes + len(content) > self.limits.turn_bytes:
            raise Refused(
                f"The {self.limits.turn_bytes} bytes that can be written in a turn are used up."
                " End the turn and go on in the next one, with replace instead of write for a large file."
            )

    def note(self, path: str, written: Written) -> None:
        """Notes that a file was written."""
        self.written_bytes += len(written.after)
        if (earlier := self.files.get(path)) is not None:
            written = Written(before=earlier.before, after=written.after, executable=written.executable)
        self.files[path] = written

    def patch(self, *, algorithm: str) -> Patch | None:
        """All its changes; None when there are none."""
        changed = {path: file for path, file in self.files.items() if file.before != file.after}
        sections = (
            section(path, before=file.before, after=file.after, executable=file.executable, algorithm=algorithm)
            for path, file in changed.items()
        )
        return Patch(paths=tuple(changed), text="".join(sections)) if changed else None
