"""Killing what is left of a session."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from codeforge_worker.remains import kill_remains, new_mark
from tests.plugins.waiting import wait_until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def test_every_process_of_the_session_is_killed_and_no_other() -> None:
    script = "set -m; sleep 600 & sleep 600 & wait"  # a group for each
    with (
        subprocess.Popen(["sh", "-c", script], start_new_session=True) as leader,
        subprocess.Popen(["sleep", "600"], start_new_session=True) as other,
    ):
        family = psutil.Process(leader.pid)
        wait_until(lambda: len(family.children()) == 2, within=10, what="its programs")
        members = [family, *family.children()]
        assert kill_remains(leader.pid, mark=new_mark(), timeout=10)
        assert not any(member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in members)
        assert other.poll() is None
        other.kill()


def test_a_session_of_the_dead_is_none() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as leader:
        leader.kill()
        wait_until(lambda: psutil.Process(leader.pid).status() == psutil.STATUS_ZOMBIE, within=10, what="its end")
        assert kill_remains(leader.pid, mark=new_mark(), timeout=0)
