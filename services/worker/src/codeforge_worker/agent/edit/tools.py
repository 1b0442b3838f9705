"""What a model can do in the working tree: list, read, search, write and replace. No shell, no network, no token.

Each tool answers with a text for the model; a refusal is one too, and begins with ``Refused:``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock

from codeforge_worker.agent.edit import answers
from codeforge_worker.agent.edit.browse import entries
from codeforge_worker.agent.edit.checkout import Checkout
from codeforge_worker.agent.edit.files import Files, opened
from codeforge_worker.agent.edit.guards import opened_root
from codeforge_worker.agent.edit.limits import Limits
from codeforge_worker.agent.edit.patch import Patch
from codeforge_worker.agent.edit.paths import parts_of
from codeforge_worker.agent.edit.refused import Refused
from codeforge_worker.agent.edit.scope import Scope
from codeforge_worker.agent.edit.search import Query
from codeforge_worker.agent.edit.stoppable_search import searched
from codeforge_worker.agent.edit.turn import Turn

_LONGEST_PATTERN = 1000


class Tools:
    """The tools of one attempt. All but :meth:`search` block for a moment; any thread may call them.

    Between :meth:`begin_turn` and :meth:`end_turn` lies one turn of the model, with limits of its own.
    """

    def __init__(self, checkout: Checkout, *, limits: Limits, scope: Scope) -> None:
        self._checkout = checkout
        self._limits = limits
        self._scope = scope
        self._turn = Turn(limits=limits)
        self._lock = Lock()  # a model may ask for several calls at once

    def begin_turn(self) -> None:
        """Starts counting anew."""
        with self._lock:
            self._turn = Turn(limits=self._limits)

    def end_turn(self) -> Patch | None:
        """What the turn has changed, for :func:`~codeforge_worker.agent.edit.checkout.check_out`; None: nothing."""
        with self._lock:
            return self._turn.patch(algorithm=self._checkout.algorithm)

    def list(self, path: str = "") -> str:
        """The folders and files in the folder ``path``, one a line, folders with a / at the end, files with sizes."""

        def work() -> str:
            self._turn.count_read()
            parts = parts_of(path)
            with opened_root(self._checkout.folder) as root:
                found = entries(root, parts)
            return answers.listed(parts, found, listing=self._checkout.listing, limit=self._limits.answer_chars)

        return self._answer(work)

    def read(self, path: str, first_line: int = 1, last_line: int | None = None) -> str:
        """The lines ``first_line`` to ``last_line`` (None: as many as fit) of a text file, with their numbers.

        A line reads ``number``, tab, text; number and tab aren't part of the file.
        """

        def work() -> str:
            self._turn.count_read()
            with self._files() as files:
                text = files.text(parts := parts_of(path))
            shown = (first_line, last_line)
            return answers.numbered("/".join(parts), text, lines=shown, limit=self._limits.answer_chars)

        return self._answer(work)

    async def search(
        self, text: str, *, regex: bool = False, ignore_case: bool = False, files: str | None = None
    ) -> str:
        """The lines that hold ``text``, or match it as a Python regular expression, as ``path:number: line``.

        ``files``: a pattern such as ``src/*.py`` or ``*.md``; None: all files.
        """
        try:
            with self._lock:
                self._turn.count_read()
            if not text or "\n" in text or "\0" in text or len(text) > _LONGEST_PATTERN:
                raise Refused(f"A search is for 1 to {_LONGEST_PATTERN} characters of a single line.")
            query = Query(
                text=text,
                regex=regex,
                ignore_case=ignore_case,
                files=files[:_LONGEST_PATTERN] if files else None,
                file_bytes=self._limits.file_bytes,
                seconds=self._limits.search_seconds,
            )
            found = await searched(query, folder=self._checkout.folder)
            return answers.found(found, limit=self._limits.answer_chars)
        except Refused as refusal:
            return _refusal(refusal)

    def write(self, path: str, content: str) -> str:
        """Makes a text file with ``content``, or gives an existing one this content as a whole.

        An existing file keeps its encoding and its line endings, and ends with a line break if it did.
        """
        return self._answer(lambda: self._write(path, content))

    def replace(self, path: str, old: str, new: str, count: int = 1) -> str:
        """Puts ``new`` in the place of ``old``, which stands in the file exactly ``count`` times."""
        return self._answer(lambda: self._replace(path, old, new, count=count))

    def _write(self, path: str, content: str) -> str:
        with self._files() as files:
            return files.write(parts_of(path), content)

    def _replace(self, path: str, old: str, new: str, *, count: int) -> str:
        with self._files() as files:
            return files.replace(parts_of(path), old, new, count=count)

    def _files(self) -> AbstractContextManager[Files]:
        return opened(checkout=self._checkout, limits=self._limits, scope=self._scope, turn=self._turn)

    def _answer(self, work: Callable[[], str]) -> str:
        with self._lock:
            try:
                return work()
            except Refused as refusal:
                return _refusal(refusal)


def _refusal(refusal: Refused) -> str:
    return f"Refused: {refusal}"
