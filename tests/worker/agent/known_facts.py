"""The facts about a repository that has a bit of everything, and about one that has nothing."""

from __future__ import annotations

from typing import Any

PLAIN: dict[str, Any] = {
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "branch": "main",
    "history": {
        "commits": 1,
        "authors": 1,
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-01T00:00:00Z",
        "shallow": False,
    },
    "tree": {"complete": True, "symlinks": 0, "submodules": 0},
    "files": {"count": 0, "bytes": 0, "lines": 0, "binary": 0, "foreign": 0, "unread": 0, "largest": []},
    "languages": [],
    "complexity": {"files": 0, "functions": 0, "average": 0.0, "complex": 0, "threshold": 20, "skipped": 0, "most": []},
    "todos": {"count": 0, "kinds": {}, "items": []},
    "licence": [],
    "dependencies": [],
    "readme": {"state": "missing", "path": None, "words": 0, "sections": [], "missing": []},
    "practices": {"tests": 0, "ci": [], "containers": [], "locks": []},
    "churn": [],
    "hotSpots": [],
}

RICH: dict[str, Any] = {
    **PLAIN,
    "history": {
        "commits": 200, "authors": 3, "from": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "shallow": True
    },
    "tree": {"complete": False, "symlinks": 1, "submodules": 2},
    "files": {
        "count": 1200, "bytes": 30_000_000, "lines": 50_000, "binary": 4, "foreign": 5, "unread": 6,
        "largest": [
            {"path": "film.mp4", "bytes": 20_000_000, "lines": 0, "source": False},
            {"path": "src/all.ts", "bytes": 90_000, "lines": 3000, "source": True},
        ],
    },
    "languages": [{"name": "TypeScript", "files": 900, "lines": 45_000, "bytes": 2_000_000, "share": 90.0}],
    "complexity": {
        "files": 900, "functions": 4000, "average": 2.5, "complex": 7, "threshold": 20, "skipped": 2,
        "most": [
            {"complexity": 40, "path": "src/a.ts", "line": 12, "function": "parse", "lines": 200, "parameters": 3}
        ],
    },
    "todos": {
        "count": 21, "kinds": {"TODO": 19, "FIXME": 2},
        "items": [{"path": "src/a.ts", "line": 3, "kind": "TODO", "text": "tidy"}],
    },
    "licence": [{"path": "LICENSE", "id": "MIT"}],
    "dependencies": [
        {
            "path": "package.json", "ecosystem": "JavaScript", "readable": True, "count": 30,
            "dependencies": [{"name": "react", "version": "^19"}],
        }
    ],
    "readme": {
        "state": "present", "path": "README.md", "words": 400, "sections": ["Usage"], "missing": ["installation"]
    },
    "practices": {"tests": 40, "ci": [".github/workflows/ci.yml"], "containers": [], "locks": []},
    "churn": [{"path": "src/a.ts", "commits": 90, "added": 1000, "deleted": 800}],
    "hotSpots": [{"path": "src/a.ts", "complexity": 300, "commits": 90}],
}  # fmt: skip
