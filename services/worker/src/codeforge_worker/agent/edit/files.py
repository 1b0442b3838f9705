"""The text files of the working tree, read and changed within the limits and the request's scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from codeforge_worker.agent.edit import guards
from codeforge_worker.agent.edit.checkout import Checkout
from codeforge_worker.agent.edit.limits import Limits
from codeforge_worker.agent.edit.paths import Parts, check_new
from codeforge_worker.agent.edit.refused import Refused
from codeforge_worker.agent.edit.scope import Scope
from codeforge_worker.agent.edit.text import Text, normal
from codeforge_worker.agent.edit.turn import Turn, Written

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_SHOWN_PLACES = 20
_MOST_PLACES = 1000


class Files:
    """``root``: a descriptor of the tree's root."""

    def __init__(self, *, root: int, checkout: Checkout, limits: Limits, scope: Scope, turn: Turn) -> None:
        self._root = root
        self._checkout = checkout
        self._limits = limits
        self._scope = scope
        self._turn = turn

    def text(self, parts: Parts) -> Text:
        """The text of a file.

        :raises Refused: when it isn't there, is no text, or can't be read.
        """
        return self._text(self._content(parts), path="/".join(parts))

    def write(self, parts: Parts, content: str) -> str:
        """Makes a file with ``content``, or gives an existing one this content. An answer for the model.

        :raises Refused: when that may not be.
        """
        path = "/".join(parts)
        self._check_scope(parts)
        try:
            before = self._content(parts)
        except guards.Missing:
            self._check_new(parts)
            return self._put(parts, Text.new(content), before=None, done=f"{path} is made.")
        after = self._text(before, path=path).rewritten(content)
        return self._put(parts, after, before=before, done=f"{path} is written.")

    def replace(self, parts: Parts, old: str, new: str, *, count: int) -> str:
        """Puts ``new`` where ``old`` stands, which it does exactly ``count`` times. An answer for the model.

        :raises Refused: when it stands there more or less often, or that may not be.
        """
        path = "/".join(parts)
        self._check_scope(parts)
        before = self._content(parts)
        text, old = self._text(before, path=path), normal(old)
        places = list(_starts(old, text.content)) if old else []
        if not places:
            raise Refused(f"This text doesn't stand in {path}. Read the file, and give its text exactly, with blanks.")
        if len(places) != count:
            lines = ", ".join(str(text.content.count("\n", 0, place) + 1) for place in places[:_SHOWN_PLACES])
            raise Refused(
                f"This text stands {len(places)} times in {path} (lines {lines}) and not {count}."
                f" Give more of the text around the place that you mean, or count={len(places)} for all of them."
            )
        if count > _MOST_PLACES:
            raise Refused(f"At most {_MOST_PLACES} places are changed at once; write the file as a whole.")
        for place in reversed(places):
            text = text.spliced(place, place + len(old), new)
        return self._put(parts, text, before=before, done=f"{path} is changed in {count} place{'s' * (count > 1)}.")

    def _content(self, parts: Parts) -> bytes:
        if "/".join(parts) in self._checkout.listing.links:
            raise Refused(f"{'/'.join(parts)} is a symbolic link; it isn't followed, and can't be changed.")
        return guards.read(self._root, parts, limit=self._limits.file_bytes)

    def _text(self, content: bytes, *, path: str) -> Text:
        if content.startswith(_LFS_POINTER):
            raise Refused(f"{path} is kept in Git LFS; its content isn't here. Leave it as it is.")
        text = Text.parse(content)
        if text is None:
            raise Refused(f"{path} is binary; only text can be read and written.")
        return text

    def _check_scope(self, parts: Parts) -> None:
        path = "/".join(parts)
        if not parts:
            raise Refused("This is the repository's root folder; name a file.")
        if (objection := self._scope.objection(path)) is not None:
            raise Refused(f"{objection} Leave it as it is.")
        originals = self._checkout.originals
        if path not in originals and len(originals) >= self._limits.files:
            raise Refused(f"{len(originals)} files are changed already, and no more may be. Finish with these.")

    def _check_new(self, parts: Parts) -> None:
        check_new(parts)
        for depth in range(1, len(parts) + 1):
            if (other := guards.spelled_alike(self._root, parts[:depth])) is not None:
                raise Refused(f"There is {other} already, which is the same as {parts[depth - 1]} on other systems.")
            if "/".join(parts[:depth]) in self._checkout.listing.submodules:
                raise Refused(f"{'/'.join(parts[:depth])} is another repository (a submodule), which stays as it is.")

    def _put(self, parts: Parts, text: Text, *, before: bytes | None, done: str) -> str:
        path = "/".join(parts)
        if "\0" in text.content:
            raise Refused("A text has no NUL characters in it.")
        after = text.file
        if after == before:
            return f"{path} has this content already; nothing is changed."
        self._turn.check_room(after)
        executable = path in self._checkout.listing.executables
        guards.write(self._root, parts, after, executable=executable)
        self._checkout.originals.setdefault(path, before)
        self._turn.note(path, Written(before=before, after=after, executable=executable))
        return done


@contextmanager
def opened(*, checkout: Checkout, limits: Limits, scope: Scope, turn: Turn) -> Iterator[Files]:
    """The files of ``checkout`` while the block runs."""
    with guards.opened_root(checkout.folder) as root:
        yield Files(root=root, checkout=checkout, limits=limits, scope=scope, turn=turn)


def _starts(wanted: str, text: str) -> Iterator[int]:
    start = text.find(wanted)
    while start >= 0:
        yield start
        start = text.find(wanted, start + len(wanted))
