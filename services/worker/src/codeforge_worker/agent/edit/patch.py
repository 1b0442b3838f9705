"""What a turn of the model changed, small enough to be kept as a step's result, and how it is put on again."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codeforge_worker.agent.edit.run import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """``paths``: the files that it changes. ``text``: for ``git apply``; ASCII, whatever the files hold."""

    paths: Sequence[str]
    text: str

    def to_json(self) -> dict[str, Any]:
        """As a step's result holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Patch:
        """The patch that :meth:`to_json` gave."""
        return cls(paths=tuple(stored["paths"]), text=stored["text"])


async def put_on(patches: Sequence[Patch], *, folder: Path) -> bool:
    """Applies ``patches`` in order to working tree and index in ``folder``; all of them, or none and False."""
    if not patches:
        return True
    with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".patch", dir=folder / ".git") as file:
        file.writelines(patch.text for patch in patches)
        file.flush()
        ended = await run("apply", "--index", "--whitespace=nowarn", file.name, folder=folder)
    return ended.code == 0
