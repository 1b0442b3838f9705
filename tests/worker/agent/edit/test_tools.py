"""What a model sees of its tools."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.worker.agent.edit.workbench import LIMITS, Workbench, done, opened, refused
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
async def bench(python: GitRepository, tmp_path: Path) -> Workbench:
    return await opened(python, tmp_path / "tree")


async def test_a_folder_is_listed(bench: Workbench) -> None:
    assert bench.tools.list() == "engine/\ntests/\nREADME.md (21 bytes)\npyproject.toml (42 bytes)"
    assert bench.tools.list("engine").splitlines()[0] == "__init__.py (0 bytes)"
    assert "no nothing" in refused(bench.tools.list("nothing"))
    assert "no folder" in refused(bench.tools.list("README.md"))


async def test_an_empty_folder_and_a_link_are_listed_as_such(python: GitRepository, tmp_path: Path) -> None:
    (python.path / "link").symlink_to("README.md")
    python.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    python.commit({})
    python.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    python.git("commit", "--quiet", "--message=m", "--author=A <a@b>")
    bench = await opened(python, tmp_path / "tree")
    listed = bench.tools.list()
    assert "link (a symbolic link, which isn't followed)" in listed
    assert "module/ (another repository, a submodule)" in listed
    assert bench.tools.list("module") == "(empty)"
    assert "symbolic link" in refused(bench.tools.read("link"))
    assert "symbolic link" in refused(bench.tools.write("link", "/etc/passwd"))
    assert "symbolic link" in refused(bench.tools.replace("link", "README.md", "/etc/passwd"))
    assert "submodule" in refused(bench.tools.write("module/x.py", "x = 1\n"))


async def test_a_file_is_read_with_the_numbers_of_its_lines(bench: Workbench) -> None:
    whole = '1\tdef count(n: int) -> int:\n2\t    """One more."""\n3\t    return n + 1'
    assert bench.tools.read("engine/count.py") == f"engine/count.py, lines 1 to 3 of 3 (UTF-8, LF):\n{whole}"
    part = bench.tools.read("engine/count.py", first_line=2, last_line=2)
    assert part.splitlines() == ["engine/count.py, lines 2 to 2 of 3 (UTF-8, LF):", '2\t    """One more."""']
    assert bench.tools.read("engine/__init__.py") == "engine/__init__.py is empty."
    for first, last in ((0, None), (4, None), (3, 2), (-1, 1)):
        assert "lines 1 to 3" in refused(bench.tools.read("engine/count.py", first_line=first, last_line=last))


async def test_a_long_answer_is_cut_and_says_how_to_go_on(python: GitRepository, tmp_path: Path) -> None:
    python.commit({"long.txt": "".join(f"line {n}\n" for n in range(1, 501)), "wide.txt": "x" * 2000})
    bench = await opened(python, tmp_path / "tree", answer_chars=1000)
    answer = bench.tools.read("long.txt")
    assert len(answer) < 1100
    last = int(answer.splitlines()[-2].split("\t")[0])
    assert answer.splitlines()[-1] == f"(Read on from line {last + 1}.)"
    assert bench.tools.read("long.txt", first_line=last + 1).splitlines()[1] == f"{last + 1}\tline {last + 1}"
    assert "longer than the 1000 characters" in refused(bench.tools.read("wide.txt"))


async def test_what_is_no_text_is_neither_read_nor_written(mixed: GitRepository, tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    mixed.commit({"logo.png": b"\x89PNG\r\n\x1a\n\0\0", "large.bin": pointer})
    bench = await opened(mixed, tmp_path / "tree")
    for path, word in (("logo.png", "binary"), ("large.bin", "Git LFS")):
        assert word in refused(bench.tools.read(path))
        assert word in refused(bench.tools.write(path, "text\n"))
        assert word in refused(bench.tools.replace(path, "s", "t"))


async def test_a_new_file_is_made_with_its_folders(bench: Workbench) -> None:
    assert bench.tools.write("docs/vi/mới.md", "Mới\n") == "docs/vi/mới.md is made."
    assert bench.content("docs/vi/mới.md") == "Mới\n".encode()
    assert (bench.folder / "docs/vi/mới.md").stat().st_mode & 0o777 == 0o644


async def test_a_new_file_that_would_be_trouble_is_refused(bench: Workbench) -> None:
    for path, word in (
        ("readme.md", "README.md already"),
        ("ENGINE/new.py", "engine already"),
        ("nul.txt", "Windows"),
        ("ab:c", "Windows"),
        ("engine", "folder"),
        ("", "root folder"),
        ("README.md/x", "no folder"),
        (".gitmodules", "submodules"),
    ):
        assert word in refused(bench.tools.write(path, "x\n"))
    assert (await bench.edit()).changes == []


async def test_a_text_is_replaced_where_it_stands_once(bench: Workbench) -> None:
    assert bench.tools.replace("README.md", "It counts", "Nó đếm") == "README.md is changed in 1 place."
    assert bench.content("README.md") == "# Engine\n\nNó đếm.\n".encode()


async def test_a_text_that_stands_elsewhere_or_more_often_is_not_replaced(bench: Workbench) -> None:
    assert "doesn't stand in" in refused(bench.tools.replace("README.md", "it counts", "x"))
    assert "doesn't stand in" in refused(bench.tools.replace("README.md", "", "x"))
    said = refused(bench.tools.replace("engine/count.py", "int", "float"))
    assert "stands 2 times" in said and "(lines 1, 1)" in said and "count=2" in said
    assert "stands 2 times" in refused(bench.tools.replace("engine/count.py", "int", "float", count=3))
    done(bench.tools.replace("engine/count.py", "int", "float", count=2))
    assert b"def count(n: float) -> float:" in bench.content("engine/count.py")


async def test_the_most_places(python: GitRepository, tmp_path: Path) -> None:
    python.commit({"edge.txt": "a\n" * 1000, "over.txt": "a\n" * 1001})
    bench = await opened(python, tmp_path / "tree")
    done(bench.tools.replace("edge.txt", "a", "b", count=1000))
    assert bench.content("edge.txt") == b"b\n" * 1000
    assert "At most 1000 places" in refused(bench.tools.replace("over.txt", "a", "b", count=1001))


async def test_a_text_over_several_lines_is_replaced_whatever_the_line_ends(
    mixed: GitRepository, tmp_path: Path
) -> None:
    bench = await opened(mixed, tmp_path / "tree")
    done(bench.tools.replace("README.md", "# Versace\n\nA landing", "# Versace\n\nMột\ntrang"))
    assert bench.content("README.md") == "# Versace\r\n\r\nMột\r\ntrang page.\r\n".encode()
    done(bench.tools.replace("run.bat", "@echo off\r\necho", "@echo on\r\necho"))
    assert bench.content("run.bat") == b"@echo on\r\necho hello\r\n"


async def test_a_character_that_the_encoding_lacks_is_refused(mixed: GitRepository, tmp_path: Path) -> None:
    bench = await opened(mixed, tmp_path / "tree")
    before = bench.content("legacy/café.txt")
    said = refused(bench.tools.replace("legacy/café.txt", "francs", "đồng"))
    assert "Latin-1" in said and "new file" in said
    assert bench.content("legacy/café.txt") == before


async def test_the_same_again_changes_nothing(bench: Workbench) -> None:
    content = bench.content("README.md").decode()
    assert "nothing is changed" in done(bench.tools.write("README.md", content))
    assert bench.tools.end_turn() is None


async def test_a_text_that_is_none_is_refused(bench: Workbench) -> None:
    for content in ("a\0b", "a\ud800b"):
        refused(bench.tools.write("README.md", content))
        refused(bench.tools.write("new.md", content))
    assert (await bench.edit()).changes == []


async def test_a_link_that_was_swapped_in_is_neither_read_nor_followed(bench: Workbench, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret")
    (bench.folder / "README.md").unlink()
    (bench.folder / "README.md").symlink_to(outside)
    refused(bench.tools.read("README.md"))
    refused(bench.tools.replace("README.md", "secret", "x"))
    refused(bench.tools.write("README.md", "x"))
    assert outside.read_text() == "secret"


async def test_a_pipe_does_not_hold_anything_up(bench: Workbench) -> None:
    os.mkfifo(bench.folder / "pipe")
    for answer in (bench.tools.read("pipe"), bench.tools.write("pipe", "x"), bench.tools.replace("pipe", "a", "b")):
        assert "no regular file" in refused(answer)
    assert "pipe" not in bench.tools.list()
    assert await bench.tools.search("anything at all") == "Nothing is found."


async def test_the_largest_file(python: GitRepository, tmp_path: Path) -> None:
    python.commit({"edge.txt": "x" * 1000, "over.txt": "x" * 1001})
    bench = await opened(python, tmp_path / "tree", file_bytes=1000)
    done(bench.tools.read("edge.txt"))
    assert "larger than the 1000 bytes" in refused(bench.tools.read("over.txt"))
    done(bench.tools.write("new.txt", "y" * 1000))
    assert "larger than the 1000 bytes" in refused(bench.tools.write("newer.txt", "y" * 1001))
    assert "larger than the 1000 bytes" in refused(bench.tools.replace("edge.txt", "x" * 1000, "y" * 1001))


async def test_the_most_files(python: GitRepository, tmp_path: Path) -> None:
    bench = await opened(python, tmp_path / "tree", files=2)
    done(bench.tools.write("1.txt", "1"))
    done(bench.tools.write("2.txt", "2"))
    bench.tools.begin_turn()  # it is a job's limit, not a turn's
    assert "no more may be" in refused(bench.tools.write("3.txt", "3"))
    done(bench.tools.write("2.txt", "22"))


async def test_the_most_bytes_of_a_turn(python: GitRepository, tmp_path: Path) -> None:
    bench = await opened(python, tmp_path / "tree", turn_bytes=10)
    done(bench.tools.write("1.txt", "12345"))
    done(bench.tools.write("2.txt", "12345"))
    assert "End the turn" in refused(bench.tools.write("3.txt", "1"))
    bench.tools.begin_turn()
    done(bench.tools.write("3.txt", "1234567890"))


async def test_the_most_looks_of_a_turn(python: GitRepository, tmp_path: Path) -> None:
    bench = await opened(python, tmp_path / "tree", reads=3)
    done(bench.tools.list())
    done(bench.tools.read("README.md"))
    done(await bench.tools.search("counts"))
    for answer in (bench.tools.list(), bench.tools.read("README.md"), await bench.tools.search("counts")):
        assert "used up" in refused(answer)
    done(bench.tools.write("README.md", "x"))
    bench.tools.begin_turn()
    done(bench.tools.read("README.md"))


async def test_the_patch_of_a_turn_is_what_that_turn_changed(bench: Workbench) -> None:
    bench.tools.begin_turn()
    done(bench.tools.write("README.md", "1\n"))
    done(bench.tools.write("README.md", "2\n"))
    done(bench.tools.write("a.txt", "a\n"))
    done(bench.tools.write("b.txt", "b\n"))
    first = bench.tools.end_turn()
    bench.tools.begin_turn()
    done(bench.tools.write("a.txt", "b\n"))
    done(bench.tools.write("a.txt", "a\n"))
    done(bench.tools.write("b.txt", "c\n"))
    second = bench.tools.end_turn()
    assert first is not None and list(first.paths) == ["README.md", "a.txt", "b.txt"]
    assert second is not None and list(second.paths) == ["b.txt"]
    assert first.text.count("diff --git") == 3


def test_the_limits_are_the_settings() -> None:
    assert (LIMITS.file_bytes, LIMITS.files, LIMITS.turn_bytes) == (1024 * 1024, 50, 48 * 1024)
    assert (LIMITS.reads, LIMITS.answer_chars, LIMITS.search_seconds) == (40, 30_000, 5)
