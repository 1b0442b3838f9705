"""A check that tests leave no process behind, not even one that has lost its parent."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Generator

import psutil
import pytest

from tests.plugins.program import HEIRS, SESSION_PIDS

MARK = "CODEFORGE_TEST_SESSION"
GRACE = 5.0
"""Seconds that processes have to go away by themselves after the last test of a module."""


def pytest_configure() -> None:
    """Marks this session's environment, which every descendant inherits; SIGTERM ends the session like Ctrl-C does,
    so that fixtures end what they started."""
    os.environ[MARK] = secrets.token_hex(8)
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one, as from make and a timeout, would end the ending
    raise KeyboardInterrupt


def descendants() -> list[psutil.Process]:
    """Children and their children, and whatever carries this session's mark; session-wide servers left out."""
    this = psutil.Process()
    found = {process.pid: process for process in this.children(recursive=True)}
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == os.environ[MARK]:
                found.setdefault(process.pid, process)
        except (psutil.Error, OSError):
            continue
    spared = {this.pid, *HEIRS}
    for pid in SESSION_PIDS & found.keys():
        spared |= {pid, *(child.pid for child in _children(found[pid]))}
    return [process for pid, process in found.items() if pid not in spared]


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return children


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """After the last test of a module, when its fixtures are gone, nothing that it started may be alive."""
    yield
    if nextitem is not None and nextitem.path == item.path:
        return
    _, alive = psutil.wait_procs(descendants(), timeout=GRACE)
    if alive:
        told = "\n".join(f"  {_describe(process)}" for process in alive)
        for process in alive:
            process.kill()
        pytest.fail(f"{item.path.name} left processes behind:\n{told}", pytrace=False)


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid}: {' '.join(process.cmdline()) or process.name()}"
    except psutil.Error:
        return f"{process.pid}: gone meanwhile"
