from __future__ import annotations

import os
from pathlib import Path

import pytest

from codeforge_worker.agent.tree import contents, read_tree, records
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository.at(tmp_path / "repository")


def read(repository: GitRepository) -> dict[str, bytes]:
    """Every file's content by its path."""
    entries = read_tree(repository.path, max_entries=100).entries
    return {entry.path: content for entry, content in contents(repository.path, entries)}


def test_files_come_with_their_content_whatever_they_are_called(repository: GitRepository) -> None:
    files = {
        "a b.txt": b"blank\n",
        "tab\tname": b"tab",
        "line\nbreak": b"newline",
        "--upload-pack=x": b"option",
        "Tiếng Việt.md": b"vietnamese",
        "empty": b"",
        "deep/er/file.bin": bytes(range(256)) * 300,
    }
    repository.commit(files)
    assert read(repository) == files


def test_a_name_that_is_not_utf_8_is_written_with_escapes(repository: GitRepository) -> None:
    (repository.path / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"latin")
    repository.commit({})
    assert read(repository) == {"caf\\xe9.txt": b"latin"}


def test_symlinks_and_submodules_are_counted_and_not_followed(repository: GitRepository) -> None:
    (repository.path / "passwords").symlink_to("/etc/passwd")
    commit = repository.commit({"run": "#!/bin/sh\n"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module")
    repository.git("update-index", "--chmod=+x", "run")
    repository.git("commit", "--quiet", "--message=module", "--author=A <a@b>")
    tree = read_tree(repository.path, max_entries=100)
    assert [(entry.path, entry.executable) for entry in tree.entries] == [("run", True)]
    assert (tree.symlinks, tree.submodules, tree.complete) == (1, 1, True)


def test_the_list_ends_at_its_limit(repository: GitRepository) -> None:
    repository.commit({f"{number}": "" for number in range(10)})
    assert read_tree(repository.path, max_entries=10).complete
    tree = read_tree(repository.path, max_entries=9)
    assert (len(tree.entries), tree.complete) == (9, False)


def test_a_tree_that_holds_ten_billion_files_is_only_read_as_far_as_the_limit(repository: GitRepository) -> None:
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
    kind, name = "100644 blob", blob
    for _ in range(10):
        lines = "".join(f"{kind} {name}\t{number}\n" for number in range(10))
        kind, name = "040000 tree", repository.git("mktree", stdin=lines.encode()).decode().strip()
    author = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b"}
    commit = repository.git("commit-tree", "-m", "bomb", name, variables=author).decode().strip()
    repository.git("update-ref", "HEAD", commit)
    tree = read_tree(repository.path, max_entries=1000)
    assert (len(tree.entries), tree.complete) == (1000, False)


def test_a_git_command_that_fails_is_an_error_and_not_an_empty_answer(repository: GitRepository) -> None:
    with pytest.raises(RuntimeError, match="git ls-tree failed"):
        list(records("ls-tree", "-z", "HEAD", repository=repository.path))
