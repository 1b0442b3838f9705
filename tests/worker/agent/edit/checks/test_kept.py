from __future__ import annotations

import pytest

from codeforge_worker.agent.edit.checks import kept
from tests.worker.agent.edit.checks.changes import DEMANDS, changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a\r\n", "b\r\nc\r\n"),
        ("a\r\nb\n", "a\nb\n"),
        ("a", "b"),
        ("a", "b\nc"),
        ("", "a\n"),
        ("a\n", ""),
        ("plain\n", "tiếng Việt\n"),
        ("tiếng Việt\n", "plain\n"),
        ("café\n".encode("latin-1"), "plain\n"),
        ("café\n".encode("latin-1"), "thé\n".encode("latin-1")),
        ("5 €\n".encode("cp1252"), "6 €\n".encode("cp1252")),
        ("a\r\n".encode("utf-16"), "b\r\n".encode("utf-16")),
        (None, "a\nb\n"),
        (None, "a\r\nb\r\n"),
        ("gone\n", None),
    ],
)
def test_what_is_kept(before: str | bytes | None, after: str | bytes | None) -> None:
    assert list(kept.check(changed("a.txt", before, after), DEMANDS)) == []


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("a\r\nb\r\n", "a\nb\n", "had CRLF at its line ends and has LF now"),
        ("a\r\nb\r\n", "a\r\nb\nc\r\n", "has LF now"),
        ("a\nb\n", "a\r\nb\r\n", "had LF at its line ends and has CRLF now"),
        ("a\n", "a", "ended with a line break"),
        ("a", "a\n", "no line break at its end"),
        ("café\n".encode("latin-1"), "café, thé\n", "was encoded as Latin-1 and is UTF-8 now"),
        ("thế\n", "café\n".encode("latin-1"), "was encoded as UTF-8 and is Latin-1"),
        (b"\xef\xbb\xbfid\n", "id\n", "byte order mark"),
        ("id\n", b"\xef\xbb\xbfid\n", "byte order mark"),
        ("a\n".encode("utf-16"), "a\n", "byte order mark"),
        (b"a\0b", "text\n", "is binary"),
        ("text\n", b"a\0b", "is binary now"),
        (None, b"a\0b", "new and binary"),
        (None, "a\nb\r\n", "mixes line endings"),
    ],
)
def test_what_is_lost(before: str | bytes | None, after: str | bytes, word: str) -> None:
    (complaint,) = kept.check(changed("a.txt", before, after), DEMANDS)
    assert complaint.startswith("a.txt ") and word in complaint
