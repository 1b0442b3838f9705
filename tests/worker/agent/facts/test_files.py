from __future__ import annotations

from codeforge_worker.agent.facts.files import LARGEST, Files
from tests.worker.agent.facts.measuring import measured


def test_counts() -> None:
    found = measured(
        Files(), {"a.py": "1\n2\n", "b.png": b"\0\1", "vendor/c.js": "1\n2\n3\n", "huge.csv": 5_000_000, "d.csv": "1\n"}
    )
    largest = found.pop("largest")
    assert found == {"count": 5, "bytes": 5_000_014, "lines": 3, "binary": 1, "foreign": 1, "unread": 1}
    assert largest[0] == {"path": "huge.csv", "bytes": 5_000_000, "lines": 0, "source": False}
    assert {file["path"] for file in largest if file["source"]} == {"a.py"}


def test_only_the_largest_are_listed() -> None:
    found = measured(Files(), {f"{number}": number for number in range(100)})
    assert [file["bytes"] for file in found["largest"]] == list(range(99, 99 - LARGEST, -1))
