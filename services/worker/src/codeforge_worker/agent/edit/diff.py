"""Compares the working tree with its base: what the checks look at, and what people see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from codeforge_common.handler import Fail
from codeforge_common.secrets import redact
from codeforge_worker.agent.edit.change import Change, Edit, FileSummary
from codeforge_worker.agent.edit.checkout import Checkout
from codeforge_worker.agent.edit.delta import section
from codeforge_worker.agent.edit.encoding import UTF_8
from codeforge_worker.agent.edit.guards import Missing, opened_root, read
from codeforge_worker.agent.edit.paths import parts_of
from codeforge_worker.agent.edit.run import TooMuchOutput, succeed
from codeforge_worker.agent.edit.staging import stage
from codeforge_worker.settings import AgentSettings

_NO_FILE = "000000"
_EXECUTABLE = "100755"
_SECTION = re.compile(rb"^diff --git ", re.MULTILINE)
_OPTIONS = ("--cached", "--raw", "-z", "--patch", "--full-index", "--abbrev=64", "--no-renames", "--no-color")
_PLAIN = ("--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--histogram")


async def compare(checkout: Checkout, *, settings: AgentSettings) -> Edit:
    """All changes so far.

    :raises Fail: ``diff_too_large``, for one so large that it isn't even compared.
    :raises Retry: when the system ended git.
    """
    await stage(checkout)
    try:
        output = await succeed("diff", *_OPTIONS, *_PLAIN, checkout.base, folder=checkout.folder)
    except TooMuchOutput:
        raise Fail("diff_too_large", "The change is far larger than anybody could read.") from None
    return await asyncio.to_thread(_edit, output, checkout=checkout, limit=settings.agent_edit_file_max_bytes)


def _edit(output: bytes, *, checkout: Checkout, limit: int) -> Edit:
    raw, patch = _parted(output)
    changes = list(_changes(raw, checkout=checkout, limit=limit))
    bounds = [*(match.start() for match in _SECTION.finditer(patch)), len(patch)]
    sections = [patch[start:end] for start, end in pairwise(bounds)]
    pairs = list(zip(changes, sections, strict=True))
    return Edit(
        changes=changes,
        files=[_summary(change, found) for change, found in pairs],
        diff="".join(_shown(change, found) for change, found in pairs),
        patch="".join(_applicable(change, found, algorithm=checkout.algorithm) for change, found in pairs),
    )


def _parted(output: bytes) -> tuple[list[tuple[str, str, str]], bytes]:
    """Mode before, mode after and path of each file, and the patch that follows."""
    raw = []
    while output.startswith(b":"):
        facts, path, output = output.split(b"\0", 2)
        before, after = facts[1:].split()[:2]
        raw.append((before.decode(), after.decode(), path.decode()))
    return raw, output.removeprefix(b"\0")


def _changes(raw: Sequence[tuple[str, str, str]], *, checkout: Checkout, limit: int) -> Iterator[Change]:
    with opened_root(checkout.folder) as root:
        for before, after, path in raw:
            try:
                content = read(root, parts_of(path), limit=limit)
            except Missing:
                content = None
            yield Change(
                path=path,
                before=checkout.originals[path],
                after=content,
                mode_before=None if before == _NO_FILE else before,
                mode_after=None if after == _NO_FILE else after,
            )


def _summary(change: Change, found: bytes) -> FileSummary:
    _, _, hunks = found.partition(b"\n@@ ")
    lines = hunks.split(b"\n")[1:]  # the first is what is left of the hunk's head
    status = "added" if change.before is None else "removed" if change.after is None else "modified"
    return FileSummary(
        path=change.path,
        status=status,
        additions=sum(line.startswith(b"+") for line in lines),
        deletions=sum(line.startswith(b"-") for line in lines),
    )


def _shown(change: Change, found: bytes) -> str:
    text = change.text_after or change.text_before
    return found.decode(text.encoding.codec if text is not None and not text.encoding.mark else "utf-8", "replace")


def _applicable(change: Change, found: bytes, *, algorithm: str) -> str:
    """The section, in text that becomes the same bytes again, also when what looks like a credential is blacked out."""
    contents = [content for content in (change.before, change.after) if content is not None]
    text = found.decode(errors="replace")
    if change.after is None or (all(map(_is_utf_8, contents)) and redact(text) == text):
        return text
    executable = change.mode_after == _EXECUTABLE
    exact = section(change.path, before=change.before, after=change.after, executable=executable, algorithm=algorithm)
    # git passes over what stands between two sections, so people can read the change there.
    return "".join(f"# {line}\n" for line in _shown(change, found).splitlines()) + exact


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode(UTF_8.codec)
    except UnicodeDecodeError:
        return False
    return b"\0" not in content
