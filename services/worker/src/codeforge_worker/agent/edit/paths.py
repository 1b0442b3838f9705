"""Which paths a tool takes: relative, with ``/``, below the root, and never git's own folder under any of its names."""

from __future__ import annotations

import re
import unicodedata

from codeforge_worker.agent.edit.refused import Refused

LONGEST_PATH = 1024
"""Bytes of a path in UTF-8."""
LONGEST_NAME = 255
"""Bytes of a part of it, as most file systems have it."""

Parts = tuple[str, ...]

# What HFS+ ignores in a name, and so takes ".g\u200cit" for ".git" (git's next_hfs_char() in utf8.c).
_IGNORED = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF],
)
# NTFS: a short name as it may be given to .git, or to any other name that begins so (git's is_ntfs_dotgit() in path.c).
_SHORT_NAME = re.compile(r"git~\d+", re.ASCII)
_WINDOWS_FORBIDS = re.compile(r'[<>:"|?*\\]')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_WINDOWS_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE)


def parts_of(path: str) -> Parts:
    """The parts of ``path``; none for the root, which is ``""`` or ``"."``.

    :raises Refused: for a path that leads, or might on some system lead, out of the tree or into ``.git``.
    """
    if _longer(path, LONGEST_PATH):
        raise Refused(f"This path is longer than {LONGEST_PATH} bytes.")
    if "\\" in path:
        raise Refused("A path has / between its parts, and no backslash.")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        raise Refused("Only paths relative to the repository's root can be used, such as src/app.py.")
    path = path.removeprefix("./").removesuffix("/")
    if path in ("", "."):
        return ()
    parts = tuple(path.split("/"))
    for part in parts:
        _check(part)
    return parts


def check_new(parts: Parts) -> None:
    """Looks at the name of what is to be made.

    :raises Refused: for one that can't be checked out on Windows, or that doesn't look like what it is.
    """
    for part in parts:
        if _WINDOWS_FORBIDS.search(part) or _WINDOWS_DEVICE.fullmatch(part) or part.endswith((" ", ".")):
            raise Refused(f"{part!r} can't be a name on Windows; choose another.")
        if any(unicodedata.category(character) == "Cf" for character in part):
            raise Refused(f"{part!a} holds an invisible character; leave it out.")


def _check(part: str) -> None:
    if part in ("", ".", ".."):
        raise Refused("A path has no empty part, no . and no .. in it.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in part):
        raise Refused("A path has no control characters in it.")
    if _longer(part, LONGEST_NAME):
        raise Refused(f"A part of this path is longer than {LONGEST_NAME} bytes.")
    if _is_git(part):
        raise Refused("git's own folder can be neither read nor changed. Your changes are committed for you.")


def _is_git(part: str) -> bool:
    seen = unicodedata.normalize("NFKC", part.translate(_IGNORED)).casefold()
    # NTFS ignores blanks and dots at the end, and what comes after a colon is a stream of the same file.
    name = seen.partition(":")[0].rstrip(" .")
    return name == ".git" or bool(_SHORT_NAME.fullmatch(name))


def _longer(text: str, limit: int) -> bool:
    return len(text.encode(errors="surrogatepass")) > limit
