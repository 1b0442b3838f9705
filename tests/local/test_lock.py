from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_local import lock


def test_a_second_instance_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path / "state")
    try:
        with pytest.raises(ConfigurationError, match=rf"running already \(process {os.getpid()}\)"):
            lock.acquire(tmp_path / "state")
    finally:
        os.close(held)


def test_the_folder_is_free_again_when_the_holder_has_gone(tmp_path: Path) -> None:
    os.close(lock.acquire(tmp_path))
    os.close(lock.acquire(tmp_path))


def test_a_server_that_outlives_its_parent_keeps_the_folder(tmp_path: Path) -> None:
    held = lock.acquire(tmp_path)
    with subprocess.Popen(["sleep", "60"], pass_fds=[held]) as server:
        os.close(held)
        try:
            with pytest.raises(ConfigurationError):
                lock.acquire(tmp_path)
        finally:
            server.kill()


def test_the_state_folder_is_ours_alone(tmp_path: Path) -> None:
    os.close(lock.acquire(tmp_path / "state"))
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cant_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="STATE_DIR"):
        lock.acquire(tmp_path / "file" / "state")
