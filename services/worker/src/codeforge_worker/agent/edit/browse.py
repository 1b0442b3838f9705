"""What is in a folder of the working tree, and all the files below one, without following a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codeforge_worker.agent.edit.guards import opened_folder
from codeforge_worker.agent.edit.paths import Parts, parts_of
from codeforge_worker.agent.edit.refused import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """``size``: bytes of a regular file, None for a folder. What is neither isn't listed."""

    name: str
    size: int | None


def entries(root: int, parts: Parts) -> Sequence[Entry]:
    """The folders and files in the folder at ``parts``, each in order of their names; git's own folder isn't there.

    :raises Refused: when it isn't there, is no folder, or a link stands on the way.
    """
    found = []
    with opened_folder(root, parts) as folder, os.scandir(folder) as scan:
        for entry in scan:
            facts = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(facts.st_mode) and _speakable(entry.name):
                found.append(Entry(name=entry.name, size=None))
            elif stat.S_ISREG(facts.st_mode):
                found.append(Entry(name=entry.name, size=facts.st_size))
    return sorted(found, key=lambda entry: (entry.size is not None, entry.name))


def files_below(root: int, parts: Parts = ()) -> Iterator[Parts]:
    """The regular files below the folder at ``parts``, those of a folder before those of its folders."""
    try:
        here = entries(root, parts)
    except Refused:  # it went away meanwhile, or became a link
        return
    yield from ((*parts, entry.name) for entry in here if entry.size is not None)
    for entry in here:
        if entry.size is None:
            yield from files_below(root, (*parts, entry.name))


def _speakable(name: str) -> bool:
    """Whether a tool would take a path through this folder; git's own isn't among them."""
    try:
        return bool(parts_of(name))
    except Refused:
        return False
