"""Under which licence the repository stands, by the text of its licence file."""

from __future__ import annotations

import re
from typing import Any

from codeforge_worker.agent.source_file import SourceFile

_NAME = re.compile(r"(?:un)?licen[cs]es?(?:[.-].*)?|copying(?:\..*)?", re.IGNORECASE)
_READ_CHARACTERS = 20_000

_PHRASES = (
    ("AGPL-3.0", r"gnu affero general public license.{0,200}version 3"),
    ("LGPL-3.0", r"gnu lesser general public license.{0,200}version 3"),
    ("LGPL-2.1", r"gnu lesser general public license.{0,200}version 2\.1"),
    ("GPL-3.0", r"gnu general public license.{0,200}version 3"),
    ("GPL-2.0", r"gnu general public license.{0,200}version 2"),
    ("Apache-2.0", r"apache license.{0,100}version 2\.0"),
    ("MPL-2.0", r"mozilla public license.{0,100}(?:version )?2\.0"),
    ("EPL-2.0", r"eclipse public license.{0,100}2\.0"),
    ("BSL-1.0", r"boost software license.{0,100}version 1\.0"),
    ("CC0-1.0", r"cc0 1\.0 universal"),
    ("Unlicense", r"this is free and unencumbered software released into the public domain"),
    ("PSF-2.0", r"python software foundation license version 2"),
    ("ISC", r"permission to use, copy, modify, and(?:/or)? distribute this software for any purpose"),
    ("MIT", r"permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("BSD-3-Clause", r"redistribution and use in source and binary forms.*neither the name"),
    ("BSD-2-Clause", r"redistribution and use in source and binary forms"),
)
"""SPDX identifiers with words that only their texts begin with, the more special text first."""


class Licence:
    """Looks at the licence files in the top folder."""

    def __init__(self) -> None:
        self._found: list[dict[str, Any]] = []

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        if file.depth == 0 and len(self._found) < 10 and _NAME.fullmatch(file.name):
            self._found.append({"path": file.path, "id": spdx_id(file.text or "")})

    def found(self) -> list[dict[str, Any]]:
        """One for each licence file; ``id`` is an SPDX identifier, None for a text that isn't known."""
        return sorted(self._found, key=lambda licence: licence["path"])


def spdx_id(text: str) -> str | None:
    """The SPDX identifier of a licence by its text."""
    words = " ".join(text[:_READ_CHARACTERS].lower().split())
    return next((name for name, phrase in _PHRASES if re.search(phrase, words)), None)
