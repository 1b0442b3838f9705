from __future__ import annotations

from pathlib import Path

import pytest

from tests.worker.agent.edit.workbench import Workbench, done, opened
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
async def bench(mixed: GitRepository, tmp_path: Path) -> Workbench:
    return await opened(mixed, tmp_path / "tree")


async def test_it_is_unified_and_readable(bench: Workbench) -> None:
    done(bench.tools.replace("tài liệu/giới thiệu.md", "chúng tôi", "chúng ta"))
    done(bench.tools.replace("legacy/café.txt", "2 francs", "3 francs, très cher"))
    done(bench.tools.write("mới.md", "Mới\n"))
    edit = await bench.edit()
    assert "diff --git a/tài liệu/giới thiệu.md b/tài liệu/giới thiệu.md\n" in edit.diff
    assert "-Trang này nói về chúng tôi.\n+Trang này nói về chúng ta.\n" in edit.diff
    assert "-Le café coûte 2 francs.\n+Le café coûte 3 francs, très cher\n" not in edit.diff
    assert "-Le café coûte 2 francs.\n+Le café coûte 3 francs, très cher.\n" in edit.diff
    assert [file.to_json() for file in edit.files] == [
        {"path": "legacy/café.txt", "status": "modified", "additions": 1, "deletions": 1},
        {"path": "mới.md", "status": "added", "additions": 1, "deletions": 0},
        {"path": "tài liệu/giới thiệu.md", "status": "modified", "additions": 1, "deletions": 1},
    ]


async def test_content_that_looks_like_a_diff_confuses_nothing(bench: Workbench) -> None:
    done(bench.tools.write("a.md", "diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+++ b\n"))
    done(bench.tools.write("b.md", "--\n++\n"))
    edit = await bench.edit()
    assert [(file.path, file.additions, file.deletions) for file in edit.files] == [("a.md", 4, 0), ("b.md", 2, 0)]


async def test_a_file_in_utf_16_is_named_only(bench: Workbench) -> None:
    done(bench.tools.replace("legacy/strings.txt", "World", "Thế giới"))
    edit = await bench.edit()
    assert "Binary files a/legacy/strings.txt and b/legacy/strings.txt differ" in edit.diff
    assert "GIT binary patch" in edit.patch
    assert "GIT binary patch" not in edit.diff


async def test_the_repository_does_not_change_how_it_is_compared(mixed: GitRepository, tmp_path: Path) -> None:
    mixed.commit({".gitattributes": "*.md -diff\n*.txt diff=evil binary\n", ".gitignore": "dist/\n", "a.txt": "a\n"})
    bench = await opened(mixed, tmp_path / "tree")
    done(bench.tools.write("README.md", "Changed\n"))
    done(bench.tools.write("a.txt", "b\n"))
    done(bench.tools.write("dist/built.js", "x\n"))
    edit = await bench.edit()
    assert "+Changed" in edit.diff and "-a\n+b\n" in edit.diff
    # What was written is shown, also what the repository ignores.
    assert "dist/built.js" in [change.path for change in edit.changes]


async def test_only_what_a_tool_wrote_is_in_it(bench: Workbench) -> None:
    (bench.folder / "stray.txt").write_text("stray")
    (bench.folder / "README.md").write_text("stray")
    done(bench.tools.write("a.md", "a\n"))
    assert [change.path for change in (await bench.edit()).changes] == ["a.md"]


async def test_what_was_changed_back_is_no_change(bench: Workbench) -> None:
    before = bench.content("README.md").decode()
    done(bench.tools.write("README.md", "x"))
    done(bench.tools.write("README.md", before))
    assert (await bench.edit()).changes == []


async def test_it_can_be_asked_again_and_again(bench: Workbench) -> None:
    done(bench.tools.write("a.md", "a\n"))
    first = await bench.edit()
    assert await bench.edit() == first
    done(bench.tools.write("a.md", "b\n"))
    assert "+b" in (await bench.edit()).diff


async def test_it_is_against_the_base_however_often_a_file_was_written(bench: Workbench) -> None:
    original = bench.content("README.md")
    for content in ("1\n", "2\n"):
        bench.tools.begin_turn()
        done(bench.tools.write("README.md", content))
    (change,) = (await bench.edit()).changes
    assert (change.before, change.after) == (original, b"2\r\n")


async def test_a_long_diff_is_cut_after_a_line(bench: Workbench) -> None:
    done(bench.tools.write("a.md", "dòng\n" * 1000))
    edit = await bench.edit()
    size = len(edit.diff.encode())
    assert edit.shown(limit=size) == edit.diff
    cut = edit.shown(limit=size - 1)
    assert cut.splitlines()[-2] == "+dòng"
    assert cut.splitlines()[-1] == "(The diff goes on for 7 bytes that aren't shown.)"
    assert len(edit.shown(limit=500).encode()) < 600
