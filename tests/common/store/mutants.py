"""Puts deliberate defects into the scripts, one at a time, and sees that the suite finds each.

``python -m tests.common.store.mutants`` prints the kill table: each defect and the test that found it. The exit code is
the number of defects that survived or didn't work. ``--only TEXT`` takes those whose name contains TEXT, ``--jobs``
says how many are tried at a time (2).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import codeforge_common.store
from tests.common.store.defects import DEFECTS, Defect

LUA = Path(codeforge_common.store.__file__).parent / "lua"
SUITE = Path(__file__).parent
ENVIRONMENT = {
    "STORE_HISTORIES": "300",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}  # half of the time is in plugins' imports
OPTIONS = ("-x", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", "-p", "pytest_timeout")

LEFT_OUT = {"test_scripts.py", "test_defects.py", "test_durability.py", "test_group_commit.py"}
"""They are about the scripts' text, or about no script at all; a defect may still name one of them as its first."""

LAST = ("test_reap_bounds.py", "test_large_calls.py", "test_invariants.py", "test_invariants_further.py")
"""They take the longest."""

NONE = Defect("(no defect)", "claim.lua", "local gathering = nil", "local gathering = nil")


@dataclass(frozen=True)
class Found:
    """What the suite said. ``by``: the first test that failed; None: all passed."""

    defect: Defect
    by: str | None
    broken: bool

    def __str__(self) -> str:
        survived = "sound" if self.defect is NONE else "SURVIVED"
        word = "BROKEN" if self.broken else survived if self.by is None else "killed"
        return f"{word:<9} {self.defect.name:<58} {self.by or ''}"


def damaged(defect: Defect) -> str:
    """The text of the file with the defect. Raises ValueError where the defect has no place of its own in it."""
    text = (LUA / defect.file).read_text()
    if (places := text.count(defect.old)) != 1:
        raise ValueError(f"{defect.name}: {defect.old!r} stands {places} times in {defect.file}")
    return text.replace(defect.old, defect.new)


def files_for(defect: Defect) -> Sequence[Path]:
    """The whole suite, what is likely to find the defect first."""
    names = {path.name for path in SUITE.glob("test_*.py")} - LEFT_OUT
    first = f"test_{defect.first}.py"
    quick = sorted(names - {first, *LAST})
    return [SUITE / name for name in dict.fromkeys([first, *quick, *LAST])]


def run(defect: Defect) -> Found:
    """Runs the suite until it finds the defect."""
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "lua"
        shutil.copytree(LUA, lua)
        (lua / defect.file).write_text(damaged(defect))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *OPTIONS, *map(str, files_for(defect))],
            env={**os.environ, **ENVIRONMENT, "STORE_LUA": str(lua)},
            capture_output=True,
            text=True,
            check=False,
        )
    failed = re.search(r"^(?:FAILED|ERROR) \S*?(\w+\.py::\S+)", done.stdout, re.MULTILINE)
    # A script that no longer runs is no defect that a test had to find.
    broken = done.returncode not in (0, 1) or "user_script" in done.stdout or "Error compiling script" in done.stdout
    return Found(defect, by=failed and failed[1], broken=broken)


def main() -> int:
    """Runs the suite without a defect, then with each, and prints a line for each."""
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="")
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    chosen = [defect for defect in DEFECTS if given.only in defect.name]
    missed = 0
    if not given.only:
        sound = run(NONE)
        sys.stdout.write(f"{sound}\n")
        if sound.by is not None:
            return 1
    with ThreadPoolExecutor(given.jobs) as pool:
        for found in pool.map(run, chosen):
            missed += found.broken or found.by is None
            sys.stdout.write(f"{found}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - missed} of {len(chosen)} found\n")
    return missed


if __name__ == "__main__":
    sys.exit(main())
