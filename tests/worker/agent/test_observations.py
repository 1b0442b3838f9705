from __future__ import annotations

from typing import Any

import pytest

from codeforge_worker.agent.observations import observations
from tests.worker.agent.known_facts import PLAIN, RICH


def test_the_most_important_come_first() -> None:
    found = list(observations(RICH))
    assert found[0].startswith("**`src/a.ts` is the riskiest place**: it changed in 90 of the last 200 commits")
    assert found[1].startswith("**7 functions are hard to follow** (complexity 20 or more); the worst is `parse`")


def test_an_empty_project_needs_a_licence_and_a_readme_and_no_tests() -> None:
    assert [sentence.partition("**:")[0] for sentence in observations(PLAIN)] == [
        "**There is no licence file",
        "**There is no README",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"practices": {**RICH["practices"], "tests": 0}}, "No tests were found"),
        ({"practices": {**RICH["practices"], "ci": []}}, "No continuous integration"),
        ({"licence": []}, "There is no licence file"),
        ({"licence": [{"path": "COPYING", "id": None}]}, "is none of the common ones"),
        ({"readme": {**RICH["readme"], "state": "missing"}}, "There is no README"),
        ({"readme": {**RICH["readme"], "state": "short", "words": 1}}, "The README is very short (1 word)"),
        ({}, "no section on installation"),
        ({}, "aren't pinned by a lock file"),
        ({}, "2 comments marked FIXME"),
        ({}, "`src/all.ts` has 3,000 lines"),
        ({}, "1 file over 5.0 MiB (`film.mp4`, 19.1 MiB)"),
    ],
)
def test_each_rule(change: dict[str, Any], words: str) -> None:
    assert any(words in sentence for sentence in observations({**RICH, **change}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hotSpots": [{"path": "a", "complexity": 300, "commits": 2}]}, "riskiest"),
        ({"hotSpots": []}, "riskiest"),
        ({"complexity": PLAIN["complexity"]}, "hard to follow"),
        ({"practices": {**RICH["practices"], "locks": ["yarn.lock"]}}, "lock file"),
        ({"dependencies": []}, "lock file"),
        ({"readme": {**RICH["readme"], "missing": []}}, "README"),
        ({"todos": PLAIN["todos"]}, "FIXME"),
        ({"files": PLAIN["files"]}, "MiB"),
    ],
)
def test_no_rule_speaks_without_reason(change: dict[str, Any], words: str) -> None:
    assert not any(words in sentence for sentence in observations({**RICH, **change}))
