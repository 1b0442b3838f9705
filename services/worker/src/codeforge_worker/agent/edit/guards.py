"""The way from a path to a file and back: one part at a time, each opened below the last, and no link on the way.

A path is never looked at first and used afterwards, so nothing is won by swapping something in between.
"""

from __future__ import annotations

import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codeforge_worker.agent.edit.paths import Parts
from codeforge_worker.agent.edit.refused import Refused

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not to wait for whoever opens a pipe's other end.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Missing(Refused):
    """There is nothing at a path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no {path}. List its folder to see what there is.")


@contextmanager
def opened_root(root: Path) -> Iterator[int]:
    """A descriptor of the folder that nothing leads out of."""
    descriptor = os.open(root, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_folder(root: int, parts: Parts, *, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder below ``root``; ``make``: those that are missing on the way are made.

    :raises Refused: when one of the parts is a link or no folder; :class:`Missing` when it isn't there.
    """
    descriptor = os.dup(root)
    try:
        for depth, part in enumerate(parts, start=1):
            below = _open_folder(part, within=descriptor, path="/".join(parts[:depth]), make=make)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _open_folder(name: str, *, within: int, path: str, make: bool) -> int:
    try:
        if make:
            with _existing_is_fine():
                os.mkdir(name, dir_fd=within)
        return os.open(name, _FOLDER, dir_fd=within)
    except FileNotFoundError:
        raise Missing(path) from None
    except OSError:  # ENOTDIR or ELOOP
        raise Refused(f"{path} is no folder, or is a symbolic link, which isn't followed.") from None


@contextmanager
def _existing_is_fine() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        pass


def read(root: int, parts: Parts, *, limit: int) -> bytes:
    """The content of the regular file at ``parts``.

    :raises Refused: when it is anything else, has another name elsewhere, or more than ``limit`` bytes;
        :class:`Missing` when it isn't there.
    """
    path = "/".join(parts)
    if not parts:
        raise Refused("This is the repository's root folder; name a file.")
    with opened_folder(root, parts[:-1]) as folder:
        try:
            descriptor = os.open(parts[-1], _FILE, dir_fd=folder)
        except FileNotFoundError:
            raise Missing(path) from None
        except OSError:  # ELOOP for a link, ENXIO for a socket
            raise Refused(f"{path} is a symbolic link or no regular file; it can't be used.") from None
        try:
            _check(os.fstat(descriptor), path=path)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(limit + 1)
        finally:
            os.close(descriptor)
    if len(content) > limit:
        raise Refused(f"{path} is larger than the {limit} bytes that can be read; work without it.")
    return content


def _check(facts: os.stat_result, *, path: str) -> None:
    if stat.S_ISDIR(facts.st_mode):
        raise Refused(f"{path} is a folder; list it, or name a file in it.")
    if not stat.S_ISREG(facts.st_mode):
        raise Refused(f"{path} is no regular file; it can't be used.")
    if facts.st_nlink != 1:
        # git makes none. The other name may be outside.
        raise Refused(f"{path} is a hard link; it can't be used.")


def write(root: int, parts: Parts, content: bytes, *, executable: bool) -> None:
    """Puts a regular file with ``content`` at ``parts``, in one step, in the place of what is there.

    Whatever stands there is replaced and not written into: a link that was swapped in is gone, its target untouched.

    :raises Refused: when something on the way is a link or no folder, or the place is a folder.
    """
    # Below .git, so that the tree never holds half a file; and on the same file system.
    with opened_folder(root, (".git",)) as aside, opened_folder(root, parts[:-1], make=True) as folder:
        name = f"writing-{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=aside), "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), 0o755 if executable else 0o644)
            os.rename(name, parts[-1], src_dir_fd=aside, dst_dir_fd=folder)
        except IsADirectoryError:
            raise Refused(f"{'/'.join(parts)} is a folder; name a file in it.") from None
        finally:
            try:
                os.unlink(name, dir_fd=aside)
            except FileNotFoundError:  # as it should be
                pass


def spelled_alike(root: int, parts: Parts) -> str | None:
    """A name in the folder of ``parts`` that isn't the last part, but that other systems take for it; None: no such.

    They ignore the case of letters, or how accents are composed.
    """
    try:
        with opened_folder(root, parts[:-1]) as folder, os.scandir(folder) as scan:
            names = [entry.name for entry in scan]
    except Missing:
        return None
    wanted = _alike(parts[-1])
    return next((name for name in names if _alike(name) == wanted and name != parts[-1]), None)


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
