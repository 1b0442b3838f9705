from __future__ import annotations

import time
from pathlib import Path

import pytest

from codeforge_worker.agent.edit.search import MOST_LINES
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.edit.workbench import Workbench, done, opened, refused
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
async def bench(mixed: GitRepository, tmp_path: Path) -> Workbench:
    mixed.commit({"src/app.py": "import os\nprint(os.getcwd())\n", "src/deep/b.ts": "const os = 1;\n"})
    return await opened(mixed, tmp_path / "tree")


@pytest.mark.parametrize("regex", [False, True])
async def test_it_finds_lines_in_every_encoding(regex: bool, bench: Workbench) -> None:
    search = bench.tools.search
    assert await search("Trang", regex=regex) == "tài liệu/giới thiệu.md:3: Trang này nói về chúng tôi."
    assert await search("coûte", regex=regex) == "legacy/café.txt:1: Le café coûte 2 francs."
    assert await search("World", regex=regex) == "legacy/strings.txt:2: World"
    assert await search("LANDING", regex=regex, ignore_case=True) == "README.md:3: A landing page."
    assert await search("nothing like that", regex=regex) == "Nothing is found."


async def test_files_can_be_chosen(bench: Workbench) -> None:
    for pattern, paths in (
        (None, ["src/app.py", "src/app.py", "src/deep/b.ts"]),
        ("*.py", ["src/app.py", "src/app.py"]),
        ("src/*.ts", ["src/deep/b.ts"]),
        ("./src/deep/", ["src/deep/b.ts"]),
        ("src/app.py", ["src/app.py", "src/app.py"]),
        ("../*", []),
        ("/etc/*", []),
    ):
        answer = await bench.tools.search("os", files=pattern)
        assert [line.partition(":")[0] for line in answer.splitlines() if ":" in line] == paths, pattern


async def test_an_expression(bench: Workbench) -> None:
    assert await bench.tools.search(r"^import (\w+)$", regex=True) == "src/app.py:1: import os"
    # A literal is one.
    assert await bench.tools.search("os.getcwd()") == "src/app.py:2: print(os.getcwd())"


async def test_an_expression_that_is_none_is_refused(bench: Workbench) -> None:
    for pattern in ("(", "a{2,1}", "(?P<x>a)(?P<x>b)", "(" * 900, "\\"):
        refused(await bench.tools.search(pattern, regex=True))


async def test_what_cannot_be_searched_for(bench: Workbench) -> None:
    for text in ("", "a\nb", "a\0b", "x" * 1001):
        assert "single line" in refused(await bench.tools.search(text))


async def test_an_expression_that_would_never_end_is_ended(python: GitRepository, tmp_path: Path) -> None:
    python.commit({"trap.txt": "a" * 5000 + "!\n"})
    bench = await opened(python, tmp_path / "tree", search_seconds=0.2)
    for pattern in ("(a+)+$", "(a|a)*b", "((a?){60}){60}a{60}b"):
        assert "simpler expression" in refused(await bench.tools.search(pattern, regex=True))
    assert processes_below(bench.folder) == []


async def test_a_search_that_takes_too_long_gives_what_it_found(
    python: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await opened(python, tmp_path / "tree", search_seconds=60)
    clock = iter(range(0, 10_000, 25))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    answer = await bench.tools.search("n")
    assert answer.splitlines()[-1].startswith("(There may be more")


async def test_a_search_that_finds_too_much_says_so(python: GitRepository, tmp_path: Path) -> None:
    python.commit({"many.txt": "needle\n" * MOST_LINES})
    bench = await opened(python, tmp_path / "tree")
    assert len(done(await bench.tools.search("needle")).splitlines()) == MOST_LINES
    python.commit({"more.txt": "needle\n"})
    more = await opened(python, tmp_path / "more")
    assert done(await more.tools.search("needle")).splitlines()[-1].startswith("(There may be more")


async def test_it_looks_neither_at_what_git_keeps_nor_through_links(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("hidden needle\n")
    (bench.folder / "link").symlink_to(tmp_path / "outside")
    (bench.folder / "file").symlink_to(tmp_path / "outside" / "secret.txt")
    for regex in (False, True):
        assert await bench.tools.search("hidden needle", regex=regex) == "Nothing is found."
        assert await bench.tools.search("repositoryformatversion", regex=regex) == "Nothing is found."
