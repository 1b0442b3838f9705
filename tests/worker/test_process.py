"""Programs that the worker starts, and that they never outlive it."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from codeforge_worker import clock, guard
from codeforge_worker.process import GuardedProcess, chunks, guarded
from tests.plugins.waiting import wait_for, wait_until

FAMILY = """
sleep 600 &                 # stays in the group
setsid sleep 600 &          # leaves the session
(sleep 600 &) &             # loses its parent
echo ready
"""
"""A shell script that starts three processes, each harder to find than the one before."""


def living(tmp_path: Path) -> list[psutil.Process]:
    """Processes that work in the test's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(tmp_path) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


async def first(process: GuardedProcess) -> bytes:
    """What the program prints first."""
    assert process.stdout is not None
    return await anext(chunks(process.stdout))


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
async def test_exit_codes_are_those_of_a_shell(script: str, code: int) -> None:
    async with guarded(["sh", "-c", script]) as process:
        assert await process.wait() == code


async def test_a_program_that_does_not_exist_ends_with_a_code_and_a_reason() -> None:
    async with guarded(["no-such-program"], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = b"".join([chunk async for chunk in chunks(process.stderr)])
        assert await process.wait() == guard.NOT_STARTED
    assert said == b"no-such-program can't be started: No such file or directory\n"


def test_a_start_that_fails_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = psutil.Process().num_fds()
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            GuardedProcess.start(["true"], cwd=tmp_path / "nowhere")
    assert psutil.Process().num_fds() == before


async def test_output_comes_whole_and_in_order() -> None:
    async with guarded(["seq", "100000"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = b"".join([chunk async for chunk in chunks(process.stdout)])
    assert output.split() == [str(number).encode() for number in range(1, 100_001)]


async def test_the_end_of_the_block_ends_everything_that_the_program_started(tmp_path: Path) -> None:
    async with guarded(["sh", "-c", f"{FAMILY} wait"], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        await first(process)
        assert len(living(tmp_path)) >= 4
    assert living(tmp_path) == []


async def test_what_a_program_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    async with guarded(["sh", "-c", FAMILY], cwd=tmp_path) as process:
        assert await process.wait() == 0
        assert living(tmp_path) == []


async def test_cancelling_ends_the_program_before_the_cancellation_goes_on(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def run() -> None:
        async with guarded(["sh", "-c", f"{FAMILY} wait"], cwd=tmp_path, stdout=subprocess.PIPE) as process:
            await first(process)
            started.set()
            await process.wait()

    task = asyncio.create_task(run())
    await asyncio.wait_for(started.wait(), 10)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # impatient: the second one must not leave the block either
    with pytest.raises(asyncio.CancelledError):
        await task
    assert living(tmp_path) == []


async def test_a_paused_program_stands_still_and_goes_on_when_told(tmp_path: Path) -> None:
    ticks = tmp_path / "ticks"
    script = "while :; do echo . >> ticks; sleep 0.01; done"
    async with guarded(["sh", "-c", script], cwd=tmp_path) as process:
        await wait_for(ticks.exists, within=10, what="the first tick")
        process.allow_until(0)
        await wait_for(lambda: stopped(process), within=10, what="the pause")
        before = ticks.stat().st_size
        process.allow_until(math.inf)
        await wait_for(lambda: ticks.stat().st_size > before, within=10, what="another tick")


async def test_a_program_stops_by_itself_when_its_time_is_up(tmp_path: Path) -> None:
    process = GuardedProcess.start(["sleep", "600"], until=clock.now() + 0.3)
    try:
        # Nobody says anything meanwhile, as if this process were frozen.
        await wait_for(lambda: stopped(process), within=10, what="the pause")
        process.allow_until(clock.now() + 0.5)
        await wait_for(lambda: not stopped(process), within=10, what="the end of the pause")
        await wait_for(lambda: stopped(process), within=10, what="the next pause")
    finally:
        assert process.kill_and_wait(timeout=10)
        process.close()


def stopped(process: GuardedProcess) -> bool:
    """Whether the command below the guard is stopped.

    A shell that was caught between vfork and exec is not: it waits for its child, which is.
    """
    below = psutil.Process(process.pid).children(recursive=True)
    return any(child.status() == psutil.STATUS_STOPPED for child in below)


async def test_a_paused_program_can_be_killed() -> None:
    async with guarded(["sleep", "600"]) as process:
        process.allow_until(0)
        process.kill()
        assert await asyncio.wait_for(process.wait(), 10) == guard.KILLED


async def test_signals_that_a_platform_sends_to_every_process_reach_neither_guard_nor_program() -> None:
    async with guarded(["sleep", "600"]) as process:
        guards = psutil.Process(process.pid)
        guards.send_signal(signal.SIGTERM)  # perhaps before it has begun to run
        await wait_for(lambda: bool(guards.children()), within=10, what="the program")
        (program,) = guards.children()
        for one in (guards, program):
            for number in guard.SHIELDED:
                one.send_signal(number)
        # Whoever were to die of one of these signals would do so before it obeyed what comes after them.
        process.allow_until(0)
        await wait_for(lambda: stopped(process), within=10, what="the pause")
        process.allow_until(math.inf)
        await wait_for(lambda: not stopped(process), within=10, what="the end of the pause")
        assert program.is_running()


async def test_any_thread_can_kill_and_wait(tmp_path: Path) -> None:
    process = GuardedProcess.start(["sh", "-c", f"{FAMILY} wait"], cwd=tmp_path, stdout=subprocess.PIPE)
    await first(process)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(process.kill_and_wait(timeout=10)))
    thread.start()
    thread.join()
    assert answers == [True]
    assert living(tmp_path) == []
    assert await process.wait() == guard.KILLED
    process.close()


async def test_calls_after_the_end_do_no_harm() -> None:
    process = GuardedProcess.start(["true"])
    await process.wait()
    process.allow_until(0)
    process.allow_until(math.inf)
    process.kill()
    assert process.kill_and_wait(timeout=1)
    process.close()


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_nothing_is_left_a_second_after_the_worker_was_killed(tmp_path: Path, paused: bool) -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), str(paused)], stdout=subprocess.PIPE)
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        assert len(living(tmp_path)) >= 4
        os.kill(worker.pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_until(lambda: living(tmp_path) == [], within=5, what="the end of all processes")
    assert time.monotonic() - killed < 1


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
async def test_a_guard_that_is_killed_leaves_nothing_behind(tmp_path: Path, paused: bool) -> None:
    async with guarded(["sh", "-c", f"{FAMILY} wait"], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        await first(process)
        assert len(living(tmp_path)) >= 4
        if paused:
            process.allow_until(0)
            await wait_for(lambda: stopped(process), within=10, what="the pause")
        os.kill(process.pid, signal.SIGKILL)
        assert process.stdout is not None
        async with asyncio.timeout(1):
            # To its end, as a block does that waits afterwards: whoever lives holds the pipe.
            assert [chunk async for chunk in chunks(process.stdout)] == []
        assert living(tmp_path) == []
        assert await process.wait() == guard.KILLED


async def test_any_thread_can_end_what_a_killed_guard_left(tmp_path: Path) -> None:
    process = GuardedProcess.start(["sh", "-c", f"{FAMILY} wait"], cwd=tmp_path, stdout=subprocess.PIPE)
    await first(process)
    os.kill(process.pid, signal.SIGKILL)
    assert process.kill_and_wait(timeout=5)
    assert living(tmp_path) == []
    process.close()


async def test_a_guard_that_is_stopped_is_killed_with_all_that_it_guards(tmp_path: Path) -> None:
    async with guarded(["sh", "-c", f"{FAMILY} wait"], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        await first(process)
        os.kill(process.pid, signal.SIGSTOP)
    assert living(tmp_path) == []


async def test_any_thread_can_end_what_a_stopped_guard_guards(tmp_path: Path) -> None:
    process = GuardedProcess.start(["sh", "-c", f"{FAMILY} wait"], cwd=tmp_path, stdout=subprocess.PIPE)
    await first(process)
    os.kill(process.pid, signal.SIGSTOP)
    assert not process.kill_and_wait(timeout=0)
    assert process.kill_and_wait(timeout=5)
    assert living(tmp_path) == []
    process.close()


WORKER = f"""
import sys, subprocess, time
from pathlib import Path
from codeforge_worker.process import GuardedProcess
folder, paused = sys.argv[1:]
script = '''{FAMILY} wait'''
process = GuardedProcess.start(["sh", "-c", script], cwd=Path(folder), stdout=subprocess.PIPE)
other = GuardedProcess.start(["sleep", "600"], cwd=Path(folder))
process.stdout.readline()
if paused == "True":
    process.allow_until(0)
    time.sleep(0.2)
print("ready", flush=True)
time.sleep(600)
"""
