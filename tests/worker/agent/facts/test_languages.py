from __future__ import annotations

import pytest

from codeforge_worker.agent.facts.languages import Languages, language_of
from codeforge_worker.agent.source_file import SourceFile
from tests.worker.agent.facts.measuring import measured


@pytest.mark.parametrize(
    ("path", "content", "language"),
    [
        ("a.py", b"", "Python"),
        ("a.tsx", b"", "TypeScript"),
        ("a.mjs", b"", "JavaScript"),
        ("a.h", b"", "C"),
        ("a.hpp", b"", "C++"),
        ("Dockerfile", b"", "Dockerfile"),
        ("run", b"#!/usr/bin/env python3\n", "Python"),
        ("run", b"#!/bin/sh\n", "Shell"),
        ("run", b"#!\xff\n", None),
        ("run", b"#!", None),
        ("README.md", b"", None),
        ("data.json", b"", None),
        ("unknown.qqq", b"", None),
    ],
)
def test_a_file_s_language(path: str, content: bytes, language: str | None) -> None:
    assert language_of(SourceFile(path=path, size=0, content=content)) == language


def test_sums_with_the_most_lines_first() -> None:
    files = {
        "a.py": "1\n2\n3\n",
        "b.py": "4\n",
        "c.go": "1\n",
        "d.md": "1\n" * 9,
        "dist/e.js": "1\n" * 9,
        "f.py": b"\0",
    }
    assert measured(Languages(), files) == [
        {"name": "Python", "files": 2, "lines": 4, "bytes": 8, "share": 80.0},
        {"name": "Go", "files": 1, "lines": 1, "bytes": 2, "share": 20.0},
    ]


def test_nothing_at_all() -> None:
    assert measured(Languages(), {}) == []
    assert measured(Languages(), {"empty.py": ""})[0]["share"] == 0
