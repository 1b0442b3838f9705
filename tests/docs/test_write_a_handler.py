"""The package of the how-to "Write a handler" passes its own tests, as its readers would run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "docs/examples/tables"


def test_the_example_passes_its_tests() -> None:
    # Plugins that are installed for our own tests only, and complain about a package that doesn't set them.
    without = ("-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:valkey")
    command = [sys.executable, "-m", "pytest", "-q", *without]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout
