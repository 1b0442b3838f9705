"""No secret comes in: neither the job's own, in whatever spelling, nor anything that can only be a key of somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codeforge_worker.agent.edit.change import Change, Edit
from codeforge_worker.agent.edit.checks.demands import Demands
from codeforge_worker.agent.edit.checks.secret_shapes import SHAPES
from codeforge_worker.agent.edit.checks.spellings import spellings


def check(edit: Edit, demands: Demands) -> Iterator[str]:
    """A complaint, with the line but never with the secret, for each that wasn't in the file before."""
    own = [spelling for secret in demands.secrets for spelling in spellings(secret)]
    for change in edit.changes:
        after, before = _text(change.after), _text(change.before)
        yield from _own(change, after, before, spelled=own)
        yield from _shaped(change, after, before)
        if any(spelling in change.path for spelling in own):
            yield "The name of a file holds a secret of this job. Give it another name."


def _own(change: Change, after: str, before: str, *, spelled: Sequence[str]) -> Iterator[str]:
    for spelling in spelled:
        if after.count(spelling) > before.count(spelling):
            yield _complaint(change, what="a secret of this job", line=_line(after, after.rfind(spelling)))
            return


def _shaped(change: Change, after: str, before: str) -> Iterator[str]:
    for what, shape in SHAPES:
        known = {match[0] for match in shape.finditer(before)}
        for match in shape.finditer(after):
            if match[0] not in known:
                known.add(match[0])
                yield _complaint(change, what=what, line=_line(after, match.start()))


def _complaint(change: Change, *, what: str, line: int) -> str:
    return f"{change.path}, line {line}: this looks like {what}. Secrets don't belong in a repository; take it out."


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _text(content: bytes | None) -> str:
    """Each byte as a character; NULs left out, so that what is in UTF-16 is seen as well."""
    return "" if content is None else content.replace(b"\0", b"").decode("latin-1")
