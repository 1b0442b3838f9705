"""The handlers that the benchmarks run, and how a worker finds them: a package made in a folder on ``PYTHONPATH``."""

from __future__ import annotations

from pathlib import Path

MODULE = '''
import asyncio
import os
import time

from codeforge_common.handler import handler


@handler("bench_noop")
async def noop(ctx):
    """Does nothing: what is measured is everything around it."""


@handler("bench_started")
async def started(ctx):
    """Writes down when it began, on the clock that all processes of a machine share."""
    with open(os.environ["BENCH_FILE"], "a") as file:
        file.write(f"{ctx.job_id} {time.monotonic_ns()}\\n")


@handler("bench_progress")
async def progress(ctx):
    """Reports 50 times, slower than the ten a second to which progress is coalesced; the stage holds the time."""
    for percent in range(50):
        await asyncio.sleep(0.15)
        ctx.progress(percent, str(time.monotonic_ns()))
'''


def install(folder: Path) -> Path:
    """Makes the package in ``folder`` and returns the folder to put on ``PYTHONPATH``."""
    information = folder / "bench_handlers-1.dist-info"
    information.mkdir(parents=True)
    (folder / "bench_handlers.py").write_text(MODULE)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-handlers\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[codeforge.handlers]\nbench = bench_handlers\n")
    return folder
