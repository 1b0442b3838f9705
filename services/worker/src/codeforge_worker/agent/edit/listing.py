"""What a commit holds besides ordinary files, found out before any of it is written to the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codeforge_common.handler import Fail
from codeforge_common.settings import MIB
from codeforge_worker.agent.edit.run import TooMuchOutput, run
from codeforge_worker.settings import AgentSettings

MOST_FILES = 200_000
_OUTPUT_BYTES = 64 * MIB
_SYMLINK = b"120000"
_SUBMODULE = b"160000"
_EXECUTABLE = b"100755"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Paths of symbolic links, of submodules, and of files that may be executed. ``files``: how many paths in all."""

    links: frozenset[str]
    submodules: frozenset[str]
    executables: frozenset[str]
    files: int


async def list_commit(commit: str, *, folder: Path, settings: AgentSettings, label: str) -> Listing:
    """Lists ``commit`` of the repository in ``folder``.

    The limits aren't for comfort: a tree of a few hundred bytes can name the same subtree many times over and so hold
    more files than any disk.

    :raises Fail: ``repository_too_large`` when its files are too many, or too large together.
    """
    limit = settings.agent_clone_max_bytes
    try:
        ended = await run(
            *("ls-tree", "-r", "-l", "-z", "--full-tree", commit),
            folder=folder,
            seconds=settings.agent_clone_timeout_seconds,
            output_bytes=_OUTPUT_BYTES,
        )
    except TooMuchOutput:
        raise _too_many(label) from None
    except TimeoutError:
        raise Fail("repository_too_slow", f"Listing the files of {label} took too long.") from None
    if ended.code != 0:
        raise RuntimeError(f"git ls-tree ended with code {ended.code}")
    records = ended.output.split(b"\0")[:-1]
    if len(records) > MOST_FILES:
        raise _too_many(label)
    special: dict[bytes, set[str]] = {_SYMLINK: set(), _SUBMODULE: set(), _EXECUTABLE: set()}
    total = 0
    for record in records:
        facts, _, path = record.partition(b"\t")
        mode, _, _, size = facts.split()
        total += 0 if mode == _SUBMODULE else int(size)
        if mode in special:
            special[mode].add(path.decode(errors="surrogateescape"))
    if total > limit:
        raise Fail("repository_too_large", f"The files of {label} take more than the {limit // MIB} MiB allowed.")
    return Listing(
        links=frozenset(special[_SYMLINK]),
        submodules=frozenset(special[_SUBMODULE]),
        executables=frozenset(special[_EXECUTABLE]),
        files=len(records),
    )


def _too_many(label: str) -> Fail:
    return Fail("repository_too_large", f"{label} has more than the {MOST_FILES:,} files that can be edited.")
