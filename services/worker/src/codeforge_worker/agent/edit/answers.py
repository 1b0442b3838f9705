"""How the tools' answers are written, within the characters that an answer may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from codeforge_worker.agent.edit.browse import Entry
from codeforge_worker.agent.edit.listing import Listing
from codeforge_worker.agent.edit.paths import Parts
from codeforge_worker.agent.edit.refused import Refused
from codeforge_worker.agent.edit.search import Found
from codeforge_worker.agent.edit.text import Text

_ENDINGS = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


def listed(parts: Parts, entries: Sequence[Entry], *, listing: Listing, limit: int) -> str:
    """A folder's content."""
    lines = [_entry("/".join((*parts, entry.name)), entry, listing=listing) for entry in entries]
    shown = _fitting(lines, limit=limit)
    if len(shown) < len(lines):
        shown.append(f"({len(lines) - len(shown)} more aren't shown; use search to find files.)")
    return "\n".join(shown) or "(empty)"


def _entry(path: str, entry: Entry, *, listing: Listing) -> str:
    name = entry.name.encode(errors="backslashreplace").decode()
    if path in listing.links:
        return f"{name} (a symbolic link, which isn't followed)"
    if path in listing.submodules:
        return f"{name}/ (another repository, a submodule)"
    return f"{name}/" if entry.size is None else f"{name} ({entry.size} bytes)"


def numbered(path: str, text: Text, *, lines: tuple[int, int | None], limit: int) -> str:
    """Lines of a file with their numbers, below a line that says what the file is.

    :raises Refused: when the file has no such lines.
    """
    content = text.content.removesuffix("\n").split("\n") if text.content else []
    first, last = lines
    last = len(content) if last is None else min(last, len(content))
    if not content:
        return f"{path} is empty."
    if not 1 <= first <= last:
        raise Refused(f"{path} has the lines 1 to {len(content)}.")
    wanted = [f"{number}\t{content[number - 1]}" for number in range(first, last + 1)]
    shown = _fitting(wanted, limit=limit)
    if not shown:
        raise Refused(f"Line {first} of {path} is longer than the {limit} characters of an answer; leave it as it is.")
    end = first + len(shown) - 1
    kind = f"{text.encoding.label}, {_style(text.endings)}"
    head = f"{path}, lines {first} to {end} of {len(content)} ({kind}):"
    more = [f"(Read on from line {end + 1}.)"] if end < last else []
    return "\n".join([head, *shown, *more])


def found(result: Found, *, limit: int) -> str:
    """The lines that a search found."""
    lines = [f"{path}:{number}: {line}" for path, number, line in result.lines]
    shown = _fitting(lines, limit=limit)
    if not result.complete or len(shown) < len(lines):
        shown.append("(There may be more; search more precisely, or in fewer files.)")
    return "\n".join(shown) or "Nothing is found."


def _style(endings: Sequence[str]) -> str:
    names = [_ENDINGS[ending] for ending, _ in Counter(endings).most_common()]
    return " and ".join(names) or "no line end"


def _fitting(lines: Iterable[str], *, limit: int) -> list[str]:
    """As many as have room together."""
    shown, room = [], limit
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        shown.append(line)
    return shown
