from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_worker.agent.facts.history import LISTED, read_history
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = GitRepository.at(tmp_path / "repository")
    repository.commit({"a.py": "1\n", "b.py": "1\n", "tab\tname": "1\n"}, when="2026-01-01T00:00:00Z")
    repository.commit({"a.py": "1\n2\n"}, author="bob@example.org", when="2026-02-01T00:00:00Z")
    repository.commit({"a.py": "1\n3\n", "tab\tname": "2\n"}, when="2026-03-01T00:00:00Z")
    return repository


def test_who_and_when(repository: GitRepository) -> None:
    newest = repository.commit({"picture": b"\0\1"}, when="2026-04-01T00:00:00Z")
    history = read_history(repository.path)
    assert history.newest == newest
    assert history.found(shallow=True) == {
        "commits": 4, "authors": 2, "from": "2026-01-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "shallow": True
    }  # fmt: skip
    assert history.churn(among={"picture"}) == [{"path": "picture", "commits": 1, "added": 0, "deleted": 0}]


def test_the_first_commit_changes_nothing_and_what_is_gone_is_not_listed(repository: GitRepository) -> None:
    (repository.path / "b.py").unlink()
    repository.commit({})
    history = read_history(repository.path)
    assert history.churn(among={"a.py", "tab\tname", "unchanged"}) == [
        {"path": "a.py", "commits": 2, "added": 2, "deleted": 1},
        {"path": "tab\tname", "commits": 1, "added": 1, "deleted": 1},
    ]


def test_the_list_is_bounded(repository: GitRepository) -> None:
    for content in ("1", "2"):
        repository.commit({f"{number}": content for number in range(50)})
    history = read_history(repository.path)
    assert len(history.churn(among={f"{number}" for number in range(50)})) == LISTED


def test_reading_ends_at_its_limit(repository: GitRepository) -> None:
    assert len(read_history(repository.path, max_records=1).times) == 1


@pytest.mark.parametrize("when", ["@4611686018427387904 +0000", "@0 +0000"])
def test_clocks_that_say_anything(repository: GitRepository, when: str) -> None:
    repository.commit({"x": "x"}, when=when)
    history = read_history(repository.path)
    assert history.found(shallow=False)["commits"] == 4
