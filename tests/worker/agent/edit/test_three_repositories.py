"""Edits of three repositories: the diff applies to a fresh clone, and another worker goes on to the same commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codeforge_worker.agent.edit.patch import Patch
from codeforge_worker.agent.edit.tools import Tools
from tests.worker.agent.edit import three_repositories
from tests.worker.agent.edit.workbench import Workbench, done, opened
from tests.worker.agent.git_repository import GitRepository

Turn = Callable[[Tools], object]


def python_first(tools: Tools) -> None:
    done(tools.replace("engine/count.py", "    return n + 1", "    return n + 2"))
    done(tools.write("README.md", "# Cỗ máy\n\nNó đếm.\n"))


def python_second(tools: Tools) -> None:
    done(tools.replace("engine/count.py", '"""One more."""', '"""Two more."""'))
    done(tools.write("engine/__init__.py", '"""An engine."""\n'))
    done(tools.write("docs/guide.md", "# Guide\n"))


def typescript_first(tools: Tools) -> None:
    done(tools.replace("src/App.tsx", "<h1>Hello</h1>", "<h1>Xin chào</h1>"))
    done(tools.replace("package.json", "1.0.0", "1.1.0"))


def typescript_second(tools: Tools) -> None:
    done(tools.write("src/strings.ts", 'export const hello = "Xin chào";\n'))
    done(tools.replace("tsconfig.json", "a must", "needed"))


def mixed_first(tools: Tools) -> None:
    done(tools.write("README.md", "# Versace\n\nMột trang đích.\n"))
    done(tools.replace("legacy/café.txt", "2 francs", "3 francs, très cher"))
    done(tools.replace("legacy/strings.txt", "World", "Thế giới"))
    done(tools.replace('odd names/"quoted".txt', "odd", "even"))


def mixed_second(tools: Tools) -> None:
    done(tools.write("README.md", "# Versace\n\nMột trang đích.\n\nTừ Hà Nội.\n"))
    done(tools.replace("legacy/price.ini", "€", "€, £"))
    done(tools.replace("legacy/mixed.txt", "two\nthree", "2\n2.5\n3"))
    done(tools.replace("legacy/bom.csv", "1;Ada", "1;Ada\n2;Grace"))
    done(tools.replace("tài liệu/giới thiệu.md", "chúng tôi", "chúng ta"))
    done(tools.write("tài liệu/mới.md", "Mới\n"))
    done(tools.replace("ident.py", "x = 1", "x = 2"))


EDITS = {
    "python": (three_repositories.python, python_first, python_second),
    "typescript": (three_repositories.typescript, typescript_first, typescript_second),
    "mixed": (three_repositories.mixed, mixed_first, mixed_second),
}


@pytest.fixture(params=EDITS)
def story(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[GitRepository, Turn, Turn]:
    make, first, second = EDITS[request.param]
    return make(tmp_path / "repository"), first, second


async def two_turns(bench: Workbench, first: Turn, second: Turn) -> None:
    for turn in (first, second):
        bench.tools.begin_turn()
        turn(bench.tools)


async def test_the_diff_applies_to_a_fresh_clone_and_makes_the_same_files(
    story: tuple[GitRepository, Turn, Turn], tmp_path: Path
) -> None:
    repository, *turns = story
    bench = await opened(repository, tmp_path / "tree")
    await two_turns(bench, *turns)
    edit = await bench.edit()
    assert await bench.complaints() == []

    fresh = await opened(repository, tmp_path / "fresh")
    git = GitRepository(path=fresh.folder)
    # What a client has got as JSON.
    patch = json.loads(json.dumps(edit.patch)).encode()
    git.git("apply", "--check", "--index", "-", stdin=patch)
    git.git("apply", "--index", "-", stdin=patch)
    assert {path: fresh.content(path) for path in bench.checkout.originals} == {
        path: bench.content(path) for path in bench.checkout.originals
    }
    assert git.git("write-tree") == GitRepository(path=bench.folder).git("write-tree")


async def test_another_worker_goes_on_in_an_empty_folder_and_ends_in_the_same_commit(
    story: tuple[GitRepository, Turn, Turn], tmp_path: Path
) -> None:
    repository, first, second = story
    whole = await opened(repository, tmp_path / "whole")
    await two_turns(whole, first, second)

    killed = await opened(repository, tmp_path / "killed")
    killed.tools.begin_turn()
    first(killed.tools)
    patch = killed.tools.end_turn()
    assert patch is not None
    stored = json.dumps(patch.to_json())  # all that is left of it

    resumed = await opened(repository, tmp_path / "resumed", patches=[Patch.from_json(json.loads(stored))])
    resumed.tools.begin_turn()
    second(resumed.tools)

    assert resumed.checkout.originals == whole.checkout.originals
    assert await resumed.edit() == await whole.edit()
    assert await resumed.commit() == await whole.commit()


async def test_a_file_has_the_bytes_of_its_commit_whatever_the_attributes_say(tmp_path: Path) -> None:
    bench = await opened(three_repositories.mixed(tmp_path / "repository"), tmp_path / "tree")
    for path, content in three_repositories.MIXED.items():
        assert bench.content(path) == (content.encode() if isinstance(content, str) else content)
    assert (await bench.edit()).changes == []
