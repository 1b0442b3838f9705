from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path

import pytest

from codeforge_worker.agent.edit.commit import Person, commit
from tests.worker.agent.edit.workbench import ADA, CREATED, Workbench, done, opened
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
async def bench(python: GitRepository, tmp_path: Path) -> Workbench:
    bench = await opened(python, tmp_path / "tree")
    done(bench.tools.write("README.md", "# Cỗ máy\n"))
    return bench


async def test_its_facts(bench: Workbench) -> None:
    found = await commit(bench.checkout, person=ADA, at=CREATED, message="Dịch README\r\n\r\nBecause.\n\n")
    told = GitRepository(path=bench.folder).git("cat-file", "commit", found).decode()
    head, _, message = told.partition("\n\n")
    assert head.splitlines()[1:] == [
        f"parent {bench.checkout.base}",
        "author Ada Lovelace <ada@example.org> 1767323045 +0000",
        "committer Ada Lovelace <ada@example.org> 1767323045 +0000",
    ]
    assert GitRepository(path=bench.folder).git("show", f"{found}:README.md") == "# Cỗ máy\n".encode()
    assert message == "Dịch README\n\nBecause.\n"


async def test_the_same_has_the_same_id_whatever_the_machine(
    bench: Workbench, python: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await commit(bench.checkout, person=ADA, at=CREATED, message="Change")
    (tmp_path / ".gitconfig").write_text(
        "[user]\n\tname = Somebody\n\temail = x@y\n[commit]\n\tgpgSign = true\n\ttemplate = /nowhere\n"
        "[i18n]\n\tcommitEncoding = latin-1\n[core]\n\tautocrlf = true\n\thooksPath = /nowhere\n"
    )
    for name, value in {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "TZ": "Asia/Ho_Chi_Minh",
        "LC_ALL": "vi_VN.UTF-8",
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_COMMITTER_DATE": "@0 +0700",
        "GIT_DIR": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    other = await opened(python, tmp_path / "elsewhere")
    done(other.tools.write("README.md", "# Cỗ máy\n"))
    moved = CREATED.astimezone(timezone(timedelta(hours=7)))
    assert await commit(other.checkout, person=ADA, at=moved, message="Change") == first
    assert await commit(other.checkout, person=ADA, at=moved, message="Change") == first


async def test_another_fact_gives_another_id(bench: Workbench) -> None:
    first = await commit(bench.checkout, person=ADA, at=CREATED, message="Change")
    ids = {
        await commit(bench.checkout, person=Person.of("Ada", "a@b"), at=CREATED, message="Change"),
        await commit(bench.checkout, person=ADA, at=CREATED + timedelta(seconds=1), message="Change"),
        await commit(bench.checkout, person=ADA, at=CREATED, message="Changed"),
    }
    assert len(ids | {first}) == 4


async def test_no_branch_is_moved(bench: Workbench) -> None:
    await commit(bench.checkout, person=ADA, at=CREATED, message="Change")
    assert (bench.folder / ".git" / "HEAD").read_text().strip() == bench.checkout.base


async def test_any_message_can_be_committed(bench: Workbench) -> None:
    for message in ("", "  \n", "-x", "--amend", "a\0b", "# a comment?", "a\ud800", "ế" * 200_000):
        assert len(await commit(bench.checkout, person=ADA, at=CREATED, message=message)) == 40


@pytest.mark.parametrize(
    ("name", "email", "person"),
    [
        ("Ada", "ada@example.org", ("Ada", "ada@example.org")),
        ("  Nguyễn Văn A ", " a@b ", ("Nguyễn Văn A", "a@b")),
        ("A\nB <evil@x> ", "a@b>\ncommitter X", ("A B  evil@x", "a@bcommitter X")),
        ("", "ada@example.org", ("ada", "ada@example.org")),
        ("...", "", ("CodeForge", "")),
        ("a\ud800", "a@b", ("a", "a@b")),
    ],
)
def test_a_person(name: str, email: str, person: tuple[str, str]) -> None:
    found = Person.of(name, email)
    assert (found.name, found.email) == person


async def test_git_takes_every_person(bench: Workbench) -> None:
    for name, email in (("...", ""), ("A\nB <evil@x> ", "a@b>\ncommitter X"), ("\ud800", "\0")):
        assert len(await commit(bench.checkout, person=Person.of(name, email), at=CREATED, message="Change")) == 40
