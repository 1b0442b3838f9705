from __future__ import annotations

from collections.abc import Sequence

import pytest

from codeforge_worker.agent.mentions import mentioned_repositories


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Analyze zaikaman/versace-landing, please", ["zaikaman/versace-landing"]),
        ("Analyze `vercel/next.js`.", ["vercel/next.js"]),
        ("What is in github.com/ada/engine?", ["ada/engine"]),
        ("Look at https://github.com/ada/engine.", ["https://github.com/ada/engine"]),
        ("(see https://example.org/a/b.git)", ["https://example.org/a/b.git"]),
        ("ada/engine, I say, ada/engine", ["ada/engine"]),
        ("ada/engine or ada/mill?", ["ada/engine", "ada/mill"]),
        ("https://example.org/a/b rather than ada/engine", ["https://example.org/a/b"]),
        ("ssh://git@example.org/a/b", ["ssh://git@example.org/a/b"]),
        ("Update my readme in versace-landing repo", []),
        ("Fix src/app.py and docs/guide and/or the CI/CD of 1/2", []),
        ("see a/b/c and ./x/y and ../x/y", []),
        ("mail a@b.c/d", []),
        ("", []),
    ],
)
def test_what_a_message_names(message: str, found: Sequence[str]) -> None:
    assert mentioned_repositories(message) == found


def test_absolute_paths_count_only_where_local_repositories_are_allowed() -> None:
    message = "Analyze /srv/code/engine."
    assert mentioned_repositories(message) == []
    assert mentioned_repositories(message, local=True) == ["/srv/code/engine"]
