"""A text file that can be changed and nothing else with it: line endings, encoding and BOM stay as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codeforge_worker.agent.edit.common_ends import common_ends
from codeforge_worker.agent.edit.encoding import UTF_8, Encoding, decoded

_ENDING = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """``content``: with ``\\n`` at line ends. ``endings``: what each of them is in the file, in order."""

    content: str
    endings: Sequence[str]
    encoding: Encoding

    @classmethod
    def parse(cls, file: bytes) -> Text | None:
        """The text of a file; None for a binary one. :attr:`file` is the same bytes again."""
        found = decoded(file)
        return None if found is None else cls._of(*found)

    @classmethod
    def new(cls, text: str) -> Text:
        """A file that isn't there yet: UTF-8, with the line endings that the text has."""
        return cls._of(text, UTF_8)

    @classmethod
    def _of(cls, text: str, encoding: Encoding) -> Text:
        return cls(content=normal(text), endings=_ENDING.findall(text), encoding=encoding)

    @property
    def file(self) -> bytes:
        """The bytes of the file.

        :raises Refused: when the encoding lacks a character.
        """
        lines = self.content.split("\n")
        endings = list(self.endings)
        if "\r" in endings:
            # A CR and the LF of an empty line after it would be one end of a line instead of two.
            for place in reversed(range(len(endings) - 1)):
                if (endings[place], lines[place + 1], endings[place + 1]) == ("\r", "", "\n"):
                    endings[place] = "\n"
        return self.encoding.encode("".join(map(str.__add__, lines, [*endings, ""])))

    def spliced(self, start: int, end: int, new: str) -> Text:
        """With ``new`` in the place of ``content[start:end]``; lines that it adds end as those in their place did."""
        new = normal(new)
        first = self.content.count("\n", 0, start)
        last = first + self.content.count("\n", start, end)
        added = new.count("\n")
        kept = list(self.endings[first:last])[:added]
        endings = [*self.endings[:first], *kept, *[self._usual] * (added - len(kept)), *self.endings[last:]]
        return replace(self, content=self.content[:start] + new + self.content[end:], endings=endings)

    def rewritten(self, new: str) -> Text:
        """With another content, the end of the last line as it was; what both have at begin and end isn't touched."""
        old, new = self.content, normal(new)
        if old:
            new = new if old.endswith("\n") else new.removesuffix("\n")
            new = new + "\n" if old.endswith("\n") and new and not new.endswith("\n") else new
        begin, end = common_ends(old, new)
        return self.spliced(begin, len(old) - end, new[begin : len(new) - end])

    @property
    def _usual(self) -> str:
        return Counter(self.endings).most_common(1)[0][0] if self.endings else "\n"


def normal(text: str) -> str:
    """With ``\\n`` at each line's end."""
    return _ENDING.sub("\n", text)
