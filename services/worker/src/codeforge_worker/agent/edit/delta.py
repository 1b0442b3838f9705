"""A file's change as git writes it down for any content: gitformat "GIT binary patch", in ASCII, with full ids.

One form for all files, so that no content (line endings, NULs, a missing last newline, a line that looks like a patch)
can be taken for something else; ``git apply`` checks the ids of what it finds and of what it makes.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b85encode
from collections.abc import Iterator

from codeforge_worker.agent.edit.common_ends import common_ends

_LINE_BYTES = 52  # and a letter before it that says how many: A to Z for 1 to 26, a to z for 27 to 52
_COPY_BYTES = 0xFFFF
_INSERT_BYTES = 0x7F


def section(path: str, *, before: bytes | None, after: bytes, executable: bool = False, algorithm: str = "sha1") -> str:
    """The section of a patch that makes ``after`` out of ``before`` (None: no such file) at ``path``.

    ``algorithm``: the one of the repository's ids. What changes is written down, and not the whole file.
    """
    mode = "100755" if executable else "100644"
    old, new = quoted(f"a/{path}"), quoted(f"b/{path}")
    # git knows no ids for what isn't there but zeros.
    was = "0" * (hashlib.new(algorithm, usedforsecurity=False).digest_size * 2)
    head = f"diff --git {old} {new}\nnew file mode {mode}\n"
    if before is not None:
        was = object_id(before, algorithm=algorithm)
        head = f"diff --git {old} {new}\n"
    ids = f"index {was}..{object_id(after, algorithm=algorithm)}{'' if before is None else f' {mode}'}\n"
    if before and after:
        delta = b"".join(_delta(before, after))
        body = f"delta {len(delta)}\n{_armoured(delta)}"
    else:
        body = f"literal {len(after)}\n{_armoured(after)}"
    return f"{head}{ids}GIT binary patch\n{body}\n"


def object_id(content: bytes, *, algorithm: str = "sha1") -> str:
    """The id that git gives to a file with ``content``."""
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def quoted(path: str) -> str:
    """A path as git writes it into a patch: as it is, or in quotes with the unusual bytes in octal (core.quotePath)."""
    if path.isascii() and path.isprintable() and not set(path) & {'"', "\\"}:
        return path
    return '"' + "".join(_quoted(byte) for byte in path.encode()) + '"'


def _quoted(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _armoured(content: bytes) -> str:
    packed = zlib.compress(content, 9)
    return "".join(_line(packed[start : start + _LINE_BYTES]) for start in range(0, len(packed), _LINE_BYTES))


def _line(chunk: bytes) -> str:
    count = len(chunk)
    letter = chr(ord("A") + count - 1) if count <= 26 else chr(ord("a") + count - 27)
    return f"{letter}{b85encode(chunk, pad=True).decode()}\n"


def _delta(before: bytes, after: bytes) -> Iterator[bytes]:
    """gitformat-pack(5), "Deltified representation": the common beginning, what is new, the common end."""
    begin, end = common_ends(before, after)
    yield _number(len(before))
    yield _number(len(after))
    yield from _copies(0, begin)
    middle = after[begin : len(after) - end]
    for start in range(0, len(middle), _INSERT_BYTES):
        chunk = middle[start : start + _INSERT_BYTES]
        yield bytes([len(chunk)]) + chunk
    yield from _copies(len(before) - end, end)


def _number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more come."""
    low = bytearray()
    while value > 0x7F:
        low.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*low, value])


def _copies(offset: int, size: int) -> Iterator[bytes]:
    while size:
        part = min(size, _COPY_BYTES)
        numbers = [*offset.to_bytes(4, "little"), *part.to_bytes(2, "little")]
        command = 0x80 | sum(1 << place for place, byte in enumerate(numbers) if byte)
        yield bytes([command, *(byte for byte in numbers if byte)])
        offset, size = offset + part, size - part
