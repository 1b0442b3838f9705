"""A worker that renews its leases every 10 ms instead of once a second."""

from __future__ import annotations

from functools import partial

from codeforge_worker import __main__ as entry
from codeforge_worker.app import build_worker

if __name__ == "__main__":
    vars(entry)["build_worker"] = partial(build_worker, renew_seconds=0.01)
    entry.main()
