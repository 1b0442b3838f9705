from __future__ import annotations

from pathlib import Path

from codeforge_worker.scratch import PREFIX, scratch_folder


def test_it_is_gone_when_the_block_ends(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "clone").mkdir()
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_worker_left_is_removed_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    dead = tmp_path / f"{PREFIX}dead"
    (dead / "clone").mkdir(parents=True)
    (dead / "lock").touch()
    with scratch_folder(tmp_path) as first, scratch_folder(tmp_path) as second:
        assert first.exists()
        assert second.exists()
        assert not dead.exists()
