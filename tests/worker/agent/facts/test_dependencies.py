from __future__ import annotations

import json

from codeforge_worker.agent.facts.dependencies import LISTED_DEPENDENCIES, LISTED_MANIFESTS, Dependencies
from tests.worker.agent.facts.measuring import measured


def test_each_manifest_nearest_the_top_first() -> None:
    files = {
        "web/package.json": '{"dependencies": {"react": "19"}}',
        "requirements-dev.txt": "pytest\n",
        "node_modules/x/package.json": '{"dependencies": {"y": "1"}}',
        "a.json": '{"dependencies": {"z": "1"}}',
        "go.mod": b"\0",
    }
    assert measured(Dependencies(), files) == [
        {
            "path": "requirements-dev.txt",
            "ecosystem": "Python",
            "readable": True,
            "count": 1,
            "dependencies": [{"name": "pytest", "version": ""}],
        },
        {
            "path": "web/package.json",
            "ecosystem": "JavaScript",
            "readable": True,
            "count": 1,
            "dependencies": [{"name": "react", "version": "19"}],
        },
    ]


def test_an_unreadable_manifest_is_said_to_be_so() -> None:
    assert measured(Dependencies(), {"package.json": "{"})[0]["readable"] is False


def test_lists_are_bounded() -> None:
    text = json.dumps({"dependencies": {f"{'x' * 500}{number}": "1" * 500 for number in range(500)}})
    found = measured(Dependencies(), {f"{number}/package.json": text for number in range(100)})
    assert (len(found), found[0]["count"], len(found[0]["dependencies"])) == (
        LISTED_MANIFESTS,
        500,
        LISTED_DEPENDENCIES,
    )
    assert len(found[0]["dependencies"][0]["name"]) == 100
