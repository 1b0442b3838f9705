"""The working tree of an attempt, made from repositories that mean well and from others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codeforge_common.handler import Fail
from codeforge_worker.agent.edit.checkout import check_out
from codeforge_worker.agent.edit.patch import Patch
from codeforge_worker.agent.repository import parse
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.edit.workbench import SETTINGS, done, head, opened
from tests.worker.agent.git_repository import GitRepository


async def test_it_holds_the_files_of_the_base_and_not_of_what_came_later(python: GitRepository, tmp_path: Path) -> None:
    base = python.commit({"engine/more.py": "x = 1\n"})
    python.commit({"README.md": "Later\n", "later.txt": "x"})
    bench = await opened(python, tmp_path / "tree", base=base)
    assert bench.content("README.md") == b"# Engine\n\nIt counts.\n"
    assert not (bench.folder / "later.txt").exists()
    assert (bench.folder / ".git" / "HEAD").read_text().strip() == base
    count = GitRepository(path=bench.folder).git("rev-list", "--count", "HEAD")
    assert count == b"1\n"
    assert processes_below(bench.folder) == []


async def test_progress_is_told(python: GitRepository, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    shares: list[float] = []
    await check_out(
        parse(str(python.path), settings=SETTINGS),
        folder,
        base=head(python),
        branch=None,
        token=None,
        settings=SETTINGS,
        on_progress=shares.append,
    )
    assert shares[-1] == 1
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("base", ["", "main", "HEAD", "--upload-pack=x", "a" * 39, "A" * 40])
async def test_a_base_is_a_full_id(base: str, python: GitRepository, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="full id"):
        await check_out(
            parse(str(python.path), settings=SETTINGS), tmp_path, base=base, branch=None, token=None, settings=SETTINGS
        )


async def test_modes_are_kept_and_links_and_submodules_do_not_come_to_life(
    python: GitRepository, tmp_path: Path
) -> None:
    (python.path / "run.sh").write_text("#!/bin/sh\n")
    (python.path / "run.sh").chmod(0o755)
    (python.path / "link").symlink_to("/etc/passwd")
    python.git("update-index", "--add", "--cacheinfo", f"160000,{head(python)},module")
    (python.path / "module").mkdir()
    python.commit({".gitmodules": '[submodule "m"]\n\tpath = module\n\turl = https://example.org/m\n'})
    bench = await opened(python, tmp_path / "tree")
    assert bench.checkout.listing.links == {"link"}
    assert bench.checkout.listing.submodules == {"module"}
    assert bench.checkout.listing.executables == {"run.sh"}
    assert os.access(bench.folder / "run.sh", os.X_OK)
    assert not (bench.folder / "link").is_symlink()
    assert list((bench.folder / "module").iterdir()) == []
    done(bench.tools.replace("run.sh", "/bin/sh", "/bin/bash"))
    edit = await bench.edit()
    assert [(change.path, change.mode_before, change.mode_after) for change in edit.changes] == [
        ("run.sh", "100755", "100755")
    ]


async def test_neither_a_filter_nor_a_hook_runs(python: GitRepository, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    python.commit(
        {
            ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n*.txt filter=evil\n",
            "large.bin": pointer,
            "a.txt": "a\n",
            ".gitconfig": f'[filter "evil"]\n\tsmudge = touch {mark}\n',
            "hooks/post-checkout": f"#!/bin/sh\ntouch {mark}\n",
        }
    )
    bench = await opened(python, tmp_path / "tree")
    assert bench.content("large.bin") == pointer.encode()
    await bench.commit()
    assert not mark.exists()
    assert not list((bench.folder / ".git").glob("hooks/*"))


async def test_a_repository_with_sha256(tmp_path: Path) -> None:
    repository = GitRepository(path=tmp_path / "repository")
    repository.path.mkdir()
    repository.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main", ".")
    repository.commit({"README.md": "a\n"})
    first = await opened(repository, tmp_path / "first")
    first.tools.begin_turn()
    done(first.tools.write("README.md", "b\n"))
    patch = first.tools.end_turn()
    assert patch is not None
    second = await opened(repository, tmp_path / "second", patches=[patch])
    assert second.content("README.md") == b"b\n"
    assert await second.commit() == await first.commit()


async def test_several_patches_are_applied_in_their_order(python: GitRepository, tmp_path: Path) -> None:
    first = await opened(python, tmp_path / "first")
    patches: list[Patch] = []
    for number in range(1, 4):
        first.tools.begin_turn()
        done(first.tools.write("README.md", f"{number}\n"))
        done(first.tools.write(f"new{number}.md", f"{number}\n"))
        patch = first.tools.end_turn()
        assert patch is not None
        patches.append(patch)
    second = await opened(python, tmp_path / "second", patches=patches)
    assert second.checkout.originals == first.checkout.originals
    assert second.content("README.md") == b"3\n"
    # Not only on the disk, but in git's index, too.
    assert GitRepository(path=second.folder).git("diff", "--name-only") == b""


async def test_a_patch_that_does_not_fit_is_a_clear_failure(python: GitRepository, tmp_path: Path) -> None:
    bench = await opened(python, tmp_path / "tree")
    bench.tools.begin_turn()
    done(bench.tools.write("README.md", "Mine\n"))
    patch = bench.tools.end_turn()
    assert patch is not None
    python.commit({"README.md": "Theirs\n"})
    with pytest.raises(Fail) as failure:
        await opened(python, tmp_path / "other", patches=[patch])
    assert failure.value.code == "patch_conflict"
    assert str(tmp_path) not in failure.value.message


async def test_a_tree_that_would_fill_the_disk_is_refused_before_it_is_written(
    python: GitRepository, tmp_path: Path
) -> None:
    """Ten trees, each naming the one below ten times: 10^10 files in a few hundred bytes."""
    blob = python.git("hash-object", "-w", "--stdin", stdin=b"x" * 1000).decode().strip()
    kind, name = "100644 blob", blob
    for _ in range(10):
        lines = "".join(f"{kind} {name}\t{number}\n" for number in range(10))
        kind, name = "040000 tree", python.git("mktree", stdin=lines.encode()).decode().strip()
    author = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b"}
    base = python.git("commit-tree", "-m", "bomb", name, variables=author).decode().strip()
    python.git("update-ref", "HEAD", base)
    with pytest.raises(Fail) as failure:
        await opened(python, tmp_path / "tree", base=base)
    assert failure.value.code == "repository_too_large"
    assert [path.name for path in (tmp_path / "tree").iterdir()] == [".git"]


async def test_files_that_are_larger_than_allowed_together_are_not_written(tmp_path: Path) -> None:
    repository = GitRepository.at(tmp_path / "repository")
    # They pack well, so that fetching them is no problem.
    repository.commit({f"{number}.txt": "a" * 600_000 for number in range(2)})
    with pytest.raises(Fail) as failure:
        await check_out(
            parse(str(repository.path), settings=SETTINGS),
            _made(tmp_path / "tree"),
            base=head(repository),
            branch=None,
            token=None,
            settings=SETTINGS.model_copy(update={"agent_clone_max_bytes": 1024 * 1024}),
        )
    assert failure.value.code == "repository_too_large"
    assert not (tmp_path / "tree" / "0.txt").exists()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
