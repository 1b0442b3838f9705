"""The packages of "Write a handler" and "Add a job type" pass their tests, as their readers would run them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def pytest_s_words(package: Path) -> str:
    """What pytest says of the tests of ``package``."""
    # Plugins that are installed for our own tests only, and complain about a package that doesn't set them.
    without = ("-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:valkey")
    command = [sys.executable, "-m", "pytest", "-q", *without]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_passes_its_tests() -> None:
    assert "14 passed" in pytest_s_words(DOCS / "examples/tables")


def test_the_shortest_example_passes_its_tests(tmp_path: Path) -> None:
    page = (DOCS / "how-to/add-a-job-type.md").read_text()
    handler, test = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "acme_word_count.py").write_text(handler)
    (tmp_path / "test_word_count.py").write_text(test)
    assert "2 passed" in pytest_s_words(tmp_path)


def test_what_the_page_shows_of_a_test_is_what_the_test_holds() -> None:
    page = (DOCS / "how-to/write-a-handler.md").read_text()
    parts = re.findall(r"^```python\n(def test.*?)```", page, re.DOTALL | re.MULTILINE)
    assert parts
    for part in parts:
        assert part in (DOCS / "examples/tables/tests/test_publish.py").read_text()
