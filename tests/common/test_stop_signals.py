"""A process that is asked to stop ends in time, whatever its event loop is at."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.program import Program
from tests.plugins.waiting import wait_until

PROGRAM = """
import asyncio, os, sys, time
from codeforge_common.stop_signals import StopSignals

def give_up():
    os._exit(7)

async def main(signals):
    signals.heed(lambda: None, within=0.1, give_up={give_up})
    print("ready", flush=True)
    {then}

with StopSignals() as signals:
    asyncio.run(main(signals))
"""

HANGS = "time.sleep(300)"
TURNS = "await asyncio.sleep(300)"


@pytest.mark.parametrize("then", [HANGS, TURNS])
@pytest.mark.parametrize(("give_up", "code"), [("give_up", 7), ("None", 0)])
def test_one_that_doesn_t_end_by_itself_is_given_up(tmp_path: Path, then: str, give_up: str, code: int) -> None:
    text = PROGRAM.format(then=then, give_up=give_up)
    program = Program([sys.executable, "-c", text], log=tmp_path / "log")
    program.start(ready=lambda: "ready" in program.output(), within=30)
    process = program.process
    assert process is not None

    def ended() -> bool:
        process.send_signal(signal.SIGTERM)  # again and again: nobody's sleep is interrupted just before it begins
        return process.poll() is not None

    wait_until(ended, within=30, what="its end")
    assert process.returncode == code
    program.kill()


def test_one_that_ends_by_itself_isn_t_held_up() -> None:
    program = PROGRAM.format(then="", give_up="give_up").replace("within=0.1", "within=300")
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, timeout=30, check=True)
