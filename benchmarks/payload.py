"""The job that is measured: what its client sends comes to 100 bytes as JSON."""

from __future__ import annotations

import json
from typing import Any

USERS = 1_000
"""Users who take turns in having submitted one of the jobs."""

BYTES = 100

_REST: dict[str, Any] = {"agentType": None, "context": {}}
_FILLED = len(json.dumps({"userMessage": "", **_REST}, separators=(",", ":")))

DATA: dict[str, Any] = {"userMessage": "m" * (BYTES - _FILLED), **_REST}
"""What the store keeps as the job's data; the peers get the very same."""
