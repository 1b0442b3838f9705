"""Ends the process at once: no clean-up, no other thread asked. Children end with it, by their guards."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import structlog

from codeforge_worker.lease import Lease

WORDS_SECONDS = 0.2
"""What a last line in the log may take, should the hung thread hold a lock that it needs."""

_log = structlog.get_logger(__name__)


def end_process(code: int) -> NoReturn:
    """Ends the process with exit code ``code``."""
    sys.stderr.flush()
    os._exit(code)


def end_outlived(lease: Lease) -> NoReturn:
    """An async handler has outlived its lease: another worker may have its job any moment."""
    signal.setitimer(signal.ITIMER_REAL, WORDS_SECONDS)
    _log.critical("a handler outlived its lease, the worker ends", job_id=lease.job_id)
    end_process(1)


def end_broken(error: BaseException) -> NoReturn:
    """The lifeline has failed: nobody keeps the deadlines of what runs."""
    signal.setitimer(signal.ITIMER_REAL, WORDS_SECONDS)
    _log.critical("the lifeline failed, the worker ends", exc_info=error)
    end_process(1)
