"""What the edit's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worker.agent.edit import three_repositories
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
def python(tmp_path: Path) -> GitRepository:
    """The Python one of the three repositories."""
    return three_repositories.python(tmp_path / "python")


@pytest.fixture
def mixed(tmp_path: Path) -> GitRepository:
    """The one with several languages, encodings and line endings."""
    return three_repositories.mixed(tmp_path / "mixed")
