from __future__ import annotations

import lizard
import pytest

from codeforge_worker.agent.facts import complexity
from codeforge_worker.agent.facts.complexity import LISTED, Complexity
from tests.worker.agent.facts.measuring import measured

BRANCHES = "def branches(x, y):\n" + "".join(f"    if x == {n}:\n        return y\n" for n in range(24))


def test_the_most_complex_functions_first() -> None:
    fact = Complexity()
    found = measured(fact, {"a.py": BRANCHES, "b.js": "function plain(a) { return a ? 1 : 2; }\n"})
    assert found["most"] == [
        {"complexity": 25, "path": "a.py", "line": 1, "function": "branches", "lines": 49, "parameters": 2},
        {"complexity": 2, "path": "b.js", "line": 1, "function": "plain", "lines": 1, "parameters": 1},
    ]
    assert (found["functions"], found["files"], found["average"], found["complex"]) == (2, 2, 13.5, 1)
    assert fact.by_file == {"a.py": 25, "b.js": 2}


def test_only_the_most_complex_are_listed() -> None:
    found = measured(Complexity(), {"a.py": "".join(f"def f{n}():\n    pass\n" for n in range(100))})
    assert (found["functions"], len(found["most"])) == (100, LISTED)


def test_data_prose_copies_and_binaries_are_left_out() -> None:
    files = {
        "a.md": BRANCHES,
        "vendor/a.py": BRANCHES,
        "b.py": b"\0" + BRANCHES.encode(),
        "c.json": "{}",
        "d.css": "a{}",
    }
    found = measured(Complexity(), files)
    assert (found["files"], found["skipped"]) == (0, 0)


def test_a_file_that_is_too_long_is_skipped() -> None:
    found = measured(Complexity(), {"a.py": BRANCHES + "# x\n" * complexity.MAX_BYTES})
    assert (found["files"], found["skipped"]) == (0, 1)


def test_a_file_that_the_parser_takes_too_long_for_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr(complexity, "FILE_SECONDS", 0.05)
    monkeypatch.setattr(lizard.analyze_file, "analyze_source_code", forever)
    assert measured(Complexity(), {"a.py": BRANCHES})["skipped"] == 1


def test_a_file_that_breaks_the_parser_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise IndexError

    monkeypatch.setattr(lizard.analyze_file, "analyze_source_code", broken)
    assert measured(Complexity(), {"a.py": BRANCHES})["skipped"] == 1


def test_what_comes_after_the_time_for_all_is_skipped() -> None:
    assert measured(Complexity(total_seconds=0), {"a.py": BRANCHES})["skipped"] == 1
