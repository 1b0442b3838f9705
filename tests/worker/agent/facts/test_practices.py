from __future__ import annotations

from codeforge_worker.agent.facts.practices import LISTED, Practices
from tests.worker.agent.facts.measuring import measured


def test_what_surrounds_the_code() -> None:
    names = [
        "tests/test_a.py", "src/a_test.go", "web/a.spec.ts", "src/ATest.java", "tests/data.json", "src/latest.py",
        ".github/workflows/ci.yml", "docs/.github/workflows/no.yml", "Dockerfile", "deploy/docker-compose.yml",
        "package-lock.json", "api/go.sum", "node_modules/x/test/a.js",
    ]  # fmt: skip
    assert measured(Practices(), dict.fromkeys(names, "")) == {
        "tests": 4,
        "ci": [".github/workflows/ci.yml"],
        "containers": ["Dockerfile", "deploy/docker-compose.yml"],
        "locks": ["api/go.sum", "package-lock.json"],
    }


def test_lists_are_bounded() -> None:
    found = measured(Practices(), {f".github/workflows/{number}.yml": "" for number in range(100)})
    assert len(found["ci"]) == LISTED
