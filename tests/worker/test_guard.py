"""The guard by itself: light, and deaf to nothing that matters. What it guarantees is shown in test_process.py."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from codeforge_worker import guard
from tests.plugins.waiting import wait_until
from tests.worker.live.bench import lives


def start(*command: str, leash: int, **options: int) -> subprocess.Popen[bytes]:
    """The guard as a program."""
    arguments = [sys.executable, "-I", "-S", guard.__file__, str(leash), "--", *command]
    return subprocess.Popen(arguments, pass_fds=[leash], start_new_session=True, **options)  # type: ignore[call-overload,no-any-return]


def imported(*options: str) -> Sequence[str]:
    """Names of the modules that the guard's imports bring in."""
    code = f"import sys; sys.path.insert(0, {str(Path(guard.__file__).parent)!r}); import guard; print(*sys.modules)"
    return subprocess.check_output([sys.executable, *options, "-c", code], text=True).split()


def test_it_needs_nothing_but_a_few_modules_of_the_standard_library() -> None:
    heavy = {"asyncio", "subprocess", "logging", "typing", "re", "pathlib", "dataclasses", "codeforge_worker"}
    assert heavy.isdisjoint(imported("-I", "-S"))


def test_the_command_is_killed_when_the_leash_has_been_let_go_before_it_started() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        assert start("sleep", "600", leash=theirs.fileno()).wait(timeout=10) == guard.KILLED


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a parent-death signal")
def test_the_command_dies_with_its_guard() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = start("sh", "-c", "echo $$; exec sleep 600", leash=theirs.fileno(), stdout=subprocess.PIPE)
        assert process.stdout is not None
        command = psutil.Process(int(process.stdout.readline()))
        process.kill()
        wait_until(lambda: not lives(command), within=1, what="the end of the command")
        process.wait()
        process.stdout.close()


def test_the_command_leads_a_group_of_its_own_in_the_guard_s_session() -> None:
    ours, theirs = socket.socketpair()
    script = "import os; print(os.getpgid(0) == os.getpid(), os.getsid(0) == os.getppid())"
    with ours, theirs:
        process = start(sys.executable, "-c", script, leash=theirs.fileno(), stdout=subprocess.PIPE)
        output, _ = process.communicate(timeout=10)
    assert output == b"True True\n"


def test_the_command_does_not_inherit_the_leash() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # The reader of the listing is the shell, so its own descriptors are what is listed.
        listing = start("sh", "-c", "ls -l /proc/$$/fd", leash=theirs.fileno(), stdout=subprocess.PIPE)
        output, _ = listing.communicate(timeout=10)
    assert b"socket:" not in output
    assert b"pipe:" in output


def test_the_command_dies_of_a_broken_pipe_as_usual() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = start("sh", "-c", "yes | head -1 >/dev/null; exec yes", leash=theirs.fileno(), stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.read(2)
        process.stdout.close()
        assert process.wait(timeout=10) == 128 + 13
