"""Patches of any content, as git itself reads them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from codeforge_worker.agent.edit.delta import object_id, quoted, section
from tests.worker.agent.git_repository import GitRepository

CONTENTS = [
    b"",
    b"a\n",
    b"a",
    b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    b"one\r\ntwo\nthree\r\n",
    "Tiếng Việt\n".encode("utf-16"),
    bytes(range(256)) * 3,
]
PATHS = ["a.txt", "a b.txt", "tài liệu/mới.md", 'q"uo\\ted', "a b/a b/a b"]


def large() -> tuple[bytes, bytes]:
    """Two that share more at both ends than a single copy can name."""
    noise = random.Random(1).randbytes(300_000)
    return noise, noise[:140_000] + b"something new" * 30 + noise[150_000:]


@pytest.mark.parametrize("path", PATHS)
def test_git_applies_one_after_the_other(path: str, tmp_path: Path) -> None:
    repository = GitRepository.at(tmp_path / "repository")
    repository.commit({"other": "x"})
    before = None
    patch = ""
    for content in [*CONTENTS, *large(), *reversed(CONTENTS)]:
        patch += section(path, before=before, after=content)
        before = content
    assert patch.isascii()
    repository.git("apply", "--index", "-", stdin=patch.encode())
    assert (repository.path / path).read_bytes() == before
    assert repository.git("diff", "--name-only") == b""


def test_each_content_alone(tmp_path: Path) -> None:
    repository = GitRepository.at(tmp_path / "repository")
    contents = [*CONTENTS, *large()]
    repository.commit({f"{number}": content for number, content in enumerate(contents)})
    for step in (1, 3, 5):
        names = [str(number) for number in range(len(contents))]
        after = {name: contents[(int(name) + step) % len(contents)] for name in names}
        before = {name: (repository.path / name).read_bytes() for name in names}
        patch = "".join(
            section(name, before=before[name], after=after[name]) for name in names if before[name] != after[name]
        )
        repository.git("apply", "--index", "-", stdin=patch.encode())
        assert {name: (repository.path / name).read_bytes() for name in names} == after


def test_only_what_changed_is_written_down() -> None:
    before, after = large()
    assert len(section("x", before=before, after=after)) < 20_000


def test_it_is_small_for_a_small_change_of_a_large_file() -> None:
    text = b"".join(b"line %d\n" % number for number in range(50_000))
    assert len(section("x", before=text, after=text.replace(b"line 777\n", b"line 7\n"))) < 500


def test_a_file_that_may_be_executed_still_may(tmp_path: Path) -> None:
    repository = GitRepository.at(tmp_path / "repository")
    (repository.path / "run").write_bytes(b"a\n")
    (repository.path / "run").chmod(0o755)
    repository.commit({})
    patch = section("run", before=b"a\n", after=b"b\n", executable=True)
    repository.git("apply", "--index", "-", stdin=patch.encode())
    assert repository.git("ls-files", "-s", "run").startswith(b"100755")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_the_id_is_the_one_of_git(algorithm: str, tmp_path: Path) -> None:
    repository = GitRepository(path=tmp_path)
    repository.git("init", "--quiet", f"--object-format={algorithm}", ".")
    found = repository.git("hash-object", "--stdin", stdin=b"content\r\n").decode().strip()
    assert object_id(b"content\r\n", algorithm=algorithm) == found


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_quoted_as_git_does(path: str, tmp_path: Path) -> None:
    repository = GitRepository.at(tmp_path / "repository")
    repository.commit({path: ""})
    assert repository.git("ls-files").decode().strip() == quoted(path)
