"""Who changed what, how often: the newest commits, as far as the shallow clone reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from codeforge_worker.agent.tree import records, shown

LISTED = 15
MAX_RECORDS = 200_000
"""Changes of a file in a commit that are looked at; a reformatted monorepo would have millions."""

_ARGUMENTS = (
    "log",
    "-z",
    "--numstat",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--format=%x01%H%x02%at%x02%ae",
)


@dataclass
class History:
    """Commits, and the changes of each path. ``authors``: addresses, of which only the number is told."""

    newest: str | None = None
    times: list[int] = field(default_factory=list)
    authors: set[str] = field(default_factory=set)
    commits: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)

    def found(self, *, shallow: bool) -> dict[str, Any]:
        """``shallow``: whether there are older commits that weren't looked at. Times in ISO-8601, UTC."""
        return {
            "commits": len(self.times),
            "authors": len(self.authors),
            "from": _iso(min(self.times, default=None)),
            "to": _iso(max(self.times, default=None)),
            "shallow": shallow,
        }

    def churn(self, *, among: Collection[str]) -> list[dict[str, Any]]:
        """The paths ``among`` those given that changed most often, with lines added and deleted."""
        changed = (path for path in self.commits if path in among)
        most = sorted(changed, key=lambda path: (-self.commits[path], -self.added[path] - self.deleted[path], path))
        return [
            {"path": path, "commits": self.commits[path], "added": self.added[path], "deleted": self.deleted[path]}
            for path in most[:LISTED]
        ]


def read_history(repository: Path, *, max_records: int = MAX_RECORDS) -> History:
    """Reads the log of ``HEAD``; a commit that only brings others together, or the very first, changes nothing."""
    return _collect(islice(records(*_ARGUMENTS, repository=repository), max_records))


def _collect(log: Iterable[bytes]) -> History:
    history = History()
    for record in log:
        if record.startswith(b"\x01"):
            commit, _, rest = shown(record[1:]).partition("\x02")
            time, _, author = rest.partition("\x02")
            history.newest = history.newest or commit
            history.times.append(int(time))
            history.authors.add(author)
        elif record.count(b"\t") >= 2:
            added, deleted, raw = record.lstrip(b"\n").split(b"\t", 2)
            path = shown(raw)
            history.commits[path] += 1
            history.added[path] += int(added) if added.isdigit() else 0  # "-" for binaries
            history.deleted[path] += int(deleted) if deleted.isdigit() else 0
    return history


def _iso(seconds: int | None) -> str | None:
    """Authors' clocks may say anything; what no calendar holds is left out."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None
