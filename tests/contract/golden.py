"""The golden files: one real answer each, which both who sends it and who reads it is tested with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"

# What differs from run to run is compared by its form.
_FORMS = (
    (re.compile(r"\bjob_[0-9a-hjkmnp-tv-z]{27}\b"), "<job>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "<time>"),
    (re.compile(r"\b\d{13}-(?:\d+(?::\d+)?|<job>)"), "<cursor>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<trace>"),
)


def golden(name: str) -> Any:
    """What the golden file ``name`` (without ``.json``) holds."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def formed(value: Any) -> Any:
    """``value`` with ids, times, cursors and trace ids replaced by what they are. Members keep their order."""
    text = json.dumps(value, ensure_ascii=False)
    for form, name in _FORMS:
        text = form.sub(name, text)
    return json.loads(text)
