"""Finds the repositories that a message speaks of: by address, or as ``owner/name``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>\"'`]+", re.IGNORECASE)
_LOCAL_PATH = re.compile(r"(?<![\w./~-])/[\w.@+-]+(?:/[\w.@+-]+)+/?")
_OWNER_AND_NAME = re.compile(
    r"(?<![\w./@:-])(?:github\.com/)?([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})(?![\w/])"
)

_WORD = re.compile(r"\b(?:repo|repository|kho mã|codebase)\b", re.IGNORECASE)

_FOLDER = re.compile(
    r"apps?|assets|bin|build|cmd|components|config|dist|docs?|etc|examples|internal|libs?|node_modules|packages|pages"
    r"|pkg|public|scripts|server|services|source|spec|src|static|styles|templates|tests?|tools|usr|web",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"and/or|client/server|ci/cd|create/update|get/set|s?he/s?he|his/her|her/his|i/o|input/output|[jt]s/[jt]s|n/a"
    r"|on/off|read/write|tcp/ip|true/false|ui/ux|w/o|yes/no|\d+/\d+",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\.(?:c|cc|cfg|cpp|cs|css|go|h|html?|ini|ipynb|java|json|jsx|kt|lock|md|php|py|rb|rs|rst|scss|sh|sql|svg|toml|tsx?"
    r"|txt|vue|xml|ya?ml)$",
    re.IGNORECASE,
)


def mentioned_repositories(message: str, *, local: bool = False) -> Sequence[str]:
    """The repositories that ``message`` names, as they are written there, each once.

    Addresses go before ``owner/name``, which may also be a file's path or a figure of speech: well-known ones of these
    are left out. ``local``: absolute paths count as addresses.
    """
    addresses = [found.rstrip(".,;:!?)]}") for found in _ADDRESS.findall(message)]
    rest = _ADDRESS.sub(" ", message)
    if local:
        addresses += [found.rstrip(".") for found in _LOCAL_PATH.findall(rest)]
    names = (name for name in _names(rest) if _may_be_a_repository(name))
    return list(dict.fromkeys(addresses or names))


def _names(text: str) -> Iterable[str]:
    return (found.rstrip(".").removesuffix(".git") for found in _OWNER_AND_NAME.findall(text))


def _may_be_a_repository(name: str) -> bool:
    owner, _, rest = name.partition("/")
    return bool(rest) and not (_FOLDER.fullmatch(owner) or _PHRASE.fullmatch(name) or _FILE.search(rest))


def mentions_a_repository(message: str) -> bool:
    """Whether ``message`` speaks of a repository: names one, or uses the word."""
    return bool(mentioned_repositories(message, local=True)) or _WORD.search(message) is not None
