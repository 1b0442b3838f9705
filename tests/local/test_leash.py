from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from codeforge_local import leash
from tests.plugins.waiting import wait_until

MIDDLE = """
import os, subprocess, sys, time
command = [sys.executable, "-c", "import time; time.sleep(600)"]
process = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), *command])
print(process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has parent-death signals")
def test_a_leashed_program_dies_with_its_parent_even_by_kill_9() -> None:
    with subprocess.Popen([sys.executable, "-c", MIDDLE, leash.__file__], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        try:
            pid = int(parent.stdout.readline())
            wait_until(lambda: psutil.Process(pid).cmdline()[1:2] == ["-c"], within=10, what="the exec")
        finally:
            parent.kill()

    wait_until(lambda: not _runs(pid), within=5, what="the end of the leashed program")


def test_a_parent_that_is_gone_already_starts_nothing() -> None:
    done = subprocess.run([sys.executable, "-I", "-S", leash.__file__, "1", "/bin/echo", "hello"], capture_output=True)

    assert (done.returncode, done.stdout) == (1, b"") or not sys.platform.startswith("linux")


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
