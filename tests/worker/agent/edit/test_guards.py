"""What stands on the disk may be anything, and may change at any moment."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from codeforge_worker.agent.edit import guards
from codeforge_worker.agent.edit.guards import Missing
from codeforge_worker.agent.edit.refused import Refused

SECRET = b"outside"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(SECRET)
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / ".git").mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_bytes(b"x = 1\n")
    return folder


@pytest.fixture
def root(tree: Path) -> Iterator[int]:
    with guards.opened_root(tree) as root:
        yield root


def write(root: int, *parts: str, content: bytes = b"new\n") -> None:
    guards.write(root, parts, content, executable=False)


def test_a_file_is_read_and_written(root: int, tree: Path) -> None:
    write(root, "docs", "a", "guide.md")
    assert guards.read(root, ("docs", "a", "guide.md"), limit=4) == b"new\n"
    assert sorted(path.name for path in (tree / ".git").iterdir()) == []


def test_the_mode_is_as_asked_for(root: int, tree: Path) -> None:
    for executable, mode in ((False, 0o644), (True, 0o755)):
        guards.write(root, ("src", "app.py"), b"", executable=executable)
        assert (tree / "src" / "app.py").stat().st_mode & 0o777 == mode


def test_the_limit_is_the_last_size_that_is_read(root: int) -> None:
    assert guards.read(root, ("src", "app.py"), limit=6) == b"x = 1\n"
    with pytest.raises(Refused, match="larger than the 5 bytes"):
        guards.read(root, ("src", "app.py"), limit=5)


def test_a_huge_file_is_not_read(root: int, tree: Path) -> None:
    with (tree / "huge").open("wb") as file:
        file.truncate(8 * 1024**3)
    with pytest.raises(Refused, match="larger"):
        guards.read(root, ("huge",), limit=1024)


@pytest.mark.parametrize("parts", [("nothing",), ("nothing", "x.py"), ("src", "nothing")])
def test_what_is_missing(root: int, parts: tuple[str, ...]) -> None:
    with pytest.raises(Missing, match="nothing"):
        guards.read(root, parts, limit=10)


def test_a_link_is_not_followed(root: int, tree: Path, outside: Path) -> None:
    (tree / "secret").symlink_to(outside / "secret")
    (tree / "relative").symlink_to("src/app.py")
    (tree / "folder").symlink_to(outside)
    for parts in (("secret",), ("relative",), ("folder", "secret")):
        with pytest.raises(Refused, match="symbolic link"):
            guards.read(root, parts, limit=100)
    with pytest.raises(Refused, match="symbolic link"):
        write(root, "folder", "secret")
    with pytest.raises(Refused, match="symbolic link"):
        write(root, "folder", "new", "file")
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_link_in_the_place_of_a_file_is_replaced_and_its_target_left_alone(
    root: int, tree: Path, outside: Path
) -> None:
    (tree / "secret").symlink_to(outside / "secret")
    write(root, "secret")
    assert (outside / "secret").read_bytes() == SECRET
    assert not (tree / "secret").is_symlink()


def test_a_hard_link_is_not_read_and_writing_does_not_reach_its_other_name(
    root: int, tree: Path, outside: Path
) -> None:
    os.link(outside / "secret", tree / "alias")
    with pytest.raises(Refused, match="hard link"):
        guards.read(root, ("alias",), limit=100)
    write(root, "alias")
    assert (outside / "secret").read_bytes() == SECRET


def test_a_pipe_a_socket_and_a_device_are_not_opened_for_long(
    root: int, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tree / "pipe")
    monkeypatch.chdir(tree)  # a socket's path has at most 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in ("pipe", "socket"):
            with pytest.raises(Refused, match="no regular file"):
                guards.read(root, (name,), limit=100)


def test_a_folder_is_no_file_and_a_file_no_folder(root: int) -> None:
    with pytest.raises(Refused, match="is a folder"):
        guards.read(root, ("src",), limit=100)
    with pytest.raises(Refused, match="is a folder"):
        write(root, "src")
    for parts in (("src", "app.py", "x"), ("src", "app.py", "x", "y")):
        with pytest.raises(Refused, match="is no folder"):
            write(root, *parts)
    with pytest.raises(Refused, match="root folder"):
        guards.read(root, (), limit=100)


def test_a_folder_swapped_for_a_link_in_between_leads_nowhere(
    root: int, tree: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The swap comes at the worst moment: when the folder has been looked at, and just before the file is opened."""
    real_open, real_rename = os.open, os.rename

    def swap() -> None:
        if not (tree / "src").is_symlink():
            real_rename(tree / "src", tree / "moved")
            (tree / "src").symlink_to(outside)

    def swapping_open(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path in ("secret", "app.py"):
            swap()
        return real_open(path, flags, mode, dir_fd=dir_fd)

    def swapping_rename(src: str, dst: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        swap()
        real_rename(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "open", swapping_open)
    monkeypatch.setattr(os, "rename", swapping_rename)
    with pytest.raises(Missing):
        guards.read(root, ("src", "secret"), limit=100)
    (tree / "src").unlink()
    real_rename(tree / "moved", tree / "src")
    write(root, "src", "secret")
    assert (outside / "secret").read_bytes() == SECRET
    assert (tree / "moved" / "secret").read_bytes() == b"new\n"


def test_a_write_that_fails_leaves_nothing_behind(root: int, tree: Path) -> None:
    with pytest.raises(Refused):
        write(root, "src")
    assert list((tree / ".git").iterdir()) == []


def test_no_descriptor_is_left_open(root: int, tree: Path, outside: Path) -> None:
    (tree / "link").symlink_to(outside)

    def open_now() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before, times = open_now(), 100
    for _ in range(times):
        for parts in (("src", "app.py"), ("src",), ("link", "secret"), ("nothing", "x")):
            with suppress(Refused):
                guards.read(root, parts, limit=100)
        write(root, "a", "b")
        guards.spelled_alike(root, ("SRC",))
    # What other threads open meanwhile doesn't count.
    assert open_now() < before + times


@pytest.mark.parametrize(
    ("parts", "other"),
    [(("SRC",), "src"), (("src", "App.py"), "app.py"), (("src", "app.py"), None), (("new", "x"), None)],
)
def test_a_name_that_other_systems_take_for_another(root: int, parts: tuple[str, ...], other: str | None) -> None:
    assert guards.spelled_alike(root, parts) == other


def test_an_accent_is_the_same_however_it_is_composed(root: int, tree: Path) -> None:
    (tree / "caf\u00e9").touch()
    assert guards.spelled_alike(root, ("cafe\u0301",)) == "caf\u00e9"
