"""The files of a commit, read straight from git's objects: nothing is written to the disk under a foreign name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from codeforge_worker.agent.git import environment

MAX_FILES = 20_000
"""Of a repository, that are looked at."""

_SYMLINK = b"120000"
_SUBMODULE = b"160000"
_EXECUTABLE = b"100755"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of the tree. ``path``: decoded for people; ``object_id``: what its content is read by."""

    path: str
    size: int
    object_id: str
    executable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of ``HEAD``. ``complete``: False where there are more than the limit."""

    entries: Sequence[Entry]
    symlinks: int
    submodules: int
    complete: bool


def read_tree(repository: Path, *, max_entries: int) -> Tree:
    """Lists ``HEAD`` of the bare ``repository``, up to ``max_entries``.

    The limit isn't for comfort: a tree of a few hundred bytes can name the same subtree many times over and so hold
    more files than any disk.
    """
    entries: list[Entry] = []
    symlinks = submodules = seen = 0
    for record in islice(records("ls-tree", "-r", "-l", "-z", "HEAD", repository=repository), max_entries + 1):
        seen += 1
        facts, _, path = record.partition(b"\t")
        mode, _, object_id, size = facts.split()
        if mode == _SYMLINK:
            symlinks += 1
        elif mode == _SUBMODULE:
            submodules += 1
        else:
            executable = mode == _EXECUTABLE
            entries.append(Entry(path=shown(path), size=int(size), object_id=object_id.decode(), executable=executable))
    complete = seen <= max_entries
    return Tree(entries=entries[:max_entries], symlinks=symlinks, submodules=submodules, complete=complete)


def contents(repository: Path, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """The content of each entry, in order, one in memory at a time."""
    with _running("cat-file", "--batch", repository=repository, stdin=subprocess.PIPE) as git:
        assert git.stdin is not None
        assert git.stdout is not None
        for entry in entries:
            git.stdin.write(f"{entry.object_id}\n".encode())
            git.stdin.flush()
            head = git.stdout.readline().split()
            if len(head) != 3:
                raise RuntimeError("git cat-file ended early")
            content = git.stdout.read(int(head[2]))
            git.stdout.read(1)  # the line's end after the content
            yield entry, content


def records(*arguments: str, repository: Path) -> Iterator[bytes]:
    """What a git command prints with ``-z``, record by record, while it runs; it is killed when nobody reads on."""
    with _running(*arguments, repository=repository) as git:
        assert git.stdout is not None
        rest = b""
        while chunk := git.stdout.read1(65_536):  # type: ignore[attr-defined]
            *whole, rest = (rest + chunk).split(b"\0")
            yield from whole
        if git.wait() != 0:
            raise RuntimeError(f"git {arguments[0]} failed")


def shown(path: bytes) -> str:
    """A path for people and for JSON; bytes that aren't UTF-8 become ``\\xNN``."""
    return path.decode(errors="backslashreplace")


@contextmanager
def _running(*arguments: str, repository: Path, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    command = ["git", *arguments]
    with subprocess.Popen(command, cwd=repository, env=environment(), stdin=stdin, stdout=subprocess.PIPE) as git:
        try:
            yield git
        finally:
            git.kill()
