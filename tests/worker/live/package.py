"""Makes a folder look like an environment into which a package with handlers has been installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import tests.worker.live.probe_handlers as probe_handlers

METADATA = "Metadata-Version: 2.1\nName: codeforge-probe\nVersion: 1.0\n"
ENTRY_POINTS = "[codeforge.handlers]\nprobe = probe_handlers\n"


def install_probe(folder: Path) -> Path:
    """Puts the test handlers there, as ``pip install --target`` would; for ``PYTHONPATH``."""
    information = folder / "codeforge_probe-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(METADATA)
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    shutil.copy(probe_handlers.__file__, folder / "probe_handlers.py")
    return folder
