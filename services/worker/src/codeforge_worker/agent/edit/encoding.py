"""How a text file is encoded: what can be told of its bytes, so that the same bytes come out again."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from codeforge_worker.agent.edit.refused import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """``codec``: the name that Python gives it. ``label``: the name for people. ``mark``: the BOM that is there."""

    codec: str
    label: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """The bytes of a file with ``text``.

        :raises Refused: when the encoding lacks a character.
        """
        try:
            return self.mark + text.encode(self.codec)
        except UnicodeEncodeError as error:
            line = text.count("\n", 0, error.start) + 1
            lacking = text[error.start]
            raise Refused(
                f"The file is encoded as {self.label}, which can't hold {lacking!a} (line {line}), and its encoding is"
                f" kept. Write it with characters of {self.label}, or put the text in a new file, which is UTF-8."
            ) from None


UTF_8 = Encoding(codec="utf-8", label="UTF-8")
_MARKED = (
    Encoding(codec="utf-8", label="UTF-8 with BOM", mark=codecs.BOM_UTF8),
    Encoding(codec="utf-16-le", label="UTF-16", mark=codecs.BOM_UTF16_LE),
    Encoding(codec="utf-16-be", label="UTF-16", mark=codecs.BOM_UTF16_BE),
)
_LATIN_1 = Encoding(codec="latin-1", label="Latin-1")
_WINDOWS = Encoding(codec="cp1252", label="Windows-1252")
_C1 = bytes(range(0x80, 0xA0))


def decoded(content: bytes) -> tuple[str, Encoding] | None:
    """The text and its encoding; None for what is binary.

    Without a mark: UTF-8 (ASCII is that), else an encoding of one byte a character. Windows-1252 differs from Latin-1
    only in 0x80 to 0x9F, where Latin-1 has control characters that no text holds.
    """
    for encoding in _MARKED:
        if content.startswith(encoding.mark):
            return _decode(content, encoding)
    if b"\0" in content:
        return None
    windows = content.translate(None, delete=_C1) != content
    candidates = (UTF_8, _WINDOWS, _LATIN_1) if windows else (UTF_8, _LATIN_1)
    return next(found for encoding in candidates if (found := _decode(content, encoding)) is not None)


def _decode(content: bytes, encoding: Encoding) -> tuple[str, Encoding] | None:
    try:
        text = content[len(encoding.mark) :].decode(encoding.codec)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else (text, encoding)
