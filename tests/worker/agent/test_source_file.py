from __future__ import annotations

import pytest

from codeforge_worker.agent.source_file import SourceFile


def file(content: bytes, path: str = "a.txt") -> SourceFile:
    return SourceFile(path=path, size=len(content), content=content)


@pytest.mark.parametrize(
    ("content", "text", "lines"),
    [
        (b"", "", 0),
        (b"one", "one", 1),
        (b"one\r\ntwo\r\n", "one\ntwo\n", 2),
        (b"one\rtwo", "one\ntwo", 2),
        ("Tiếng Việt\n".encode(), "Tiếng Việt\n", 1),
        ("café\n".encode("latin-1"), "café\n", 1),
        (b"\xef\xbb\xbfbom", "bom", 1),
    ],
)
def test_text_of_any_encoding(content: bytes, text: str, lines: int) -> None:
    assert (file(content).text, file(content).lines) == (text, lines)


def test_a_binary_has_no_text() -> None:
    binary = file(b"\x89PNG\0\0")
    assert (binary.binary, binary.text, binary.lines) == (True, None, 0)


def test_what_was_not_read_has_no_text() -> None:
    unread = SourceFile(path="a", size=10**9)
    assert (unread.binary, unread.text, unread.lines) == (False, None, 0)


@pytest.mark.parametrize(
    ("path", "foreign"),
    [
        ("node_modules/left-pad/index.js", True),
        ("web/node_modules/x.js", True),
        ("static/jquery.min.js", True),
        ("package-lock.json", True),
        ("api/user_pb2.py", True),
        ("src/vendors.py", False),
        ("src/distance/a.py", False),
        ("package.json", False),
    ],
)
def test_what_was_copied_in_or_generated(path: str, foreign: bool) -> None:
    assert SourceFile(path=path, size=0).foreign is foreign
