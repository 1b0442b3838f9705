"""Finds the repositories that a message speaks of: by address, or as ``owner/name``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

GITHUB = "https://github.com"

_OWNER_AND_NAME = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}+"
_WRITTEN = re.compile(
    # Possessive, and nothing that goes on: "foo/bar-baz/qux" holds no foo/bar.
    rf"(?<![\w./@:+~%$\\\]-])(?P<at>@?)(?P<name>{_OWNER_AND_NAME})(?:(?P<longer>/)|(?![\w+~%$=\\\[]))"
)
_LOCAL_PATH = re.compile(r"(?<![\w./~-])/[\w.@+-]+(?:/[\w.@+-]+)+/?")
_REST = r"[^\s<>\"'`]+"
_PAGES = "apps|collections|features|login|marketplace|notifications|orgs|search|settings|sponsors|topics|trending|users"
"""What GitHub's own pages begin with (https://github.com/settings/tokens)."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What may be repositories in a message, each once.

    ``text``: the message, with addresses on the GitHub server as ``owner/name`` and without others. ``names``: what
    reads as ``owner/name``, and those addresses. ``handles``: what is written ``@owner/name``, without the @; packages
    are written so, too. ``beginnings``: the first two parts of longer paths. ``addresses``: those on other servers.
    ``paths``: of this machine, or ``file://``. Well-known folders, files and figures of speech are left out.
    """

    text: str
    names: Sequence[str] = ()
    handles: Sequence[str] = ()
    beginnings: Sequence[str] = ()
    addresses: Sequence[str] = ()
    paths: Sequence[str] = ()

    @classmethod
    def of(cls, message: str, *, server: str = GITHUB, local: bool = False) -> Mentions:
        """Reads ``message``. ``server``: ``GITHUB_SERVER_URL``. ``local``: absolute paths count, and ``file://``."""
        names, addresses, text = _without_addresses(message, server=server)
        handles: list[str] = []
        beginnings: list[str] = []
        for found in _WRITTEN.finditer(text):
            name = _plain(found["name"])
            if _may_be_a_repository(name):
                (beginnings if found["longer"] else handles if found["at"] else names).append(name)
        files = [address for address in addresses if local and address.lower().startswith("file://")]
        paths = [found.rstrip(".") for found in _LOCAL_PATH.findall(text) if local]
        return cls(
            text=text,
            names=_each_once(names),
            handles=_each_once(handles, without=names),
            beginnings=_each_once(beginnings, without=names + handles),
            addresses=list(dict.fromkeys(each for each in addresses if each not in files)),
            paths=list(dict.fromkeys(files + paths)),
        )

    @property
    def likeliest(self) -> Sequence[str]:
        """What counts where nothing is known of the user's repositories: the first kind that there is.

        A path of this machine goes first: only who may read its files can allow it. An address may be there to be
        linked to, so that it goes last.
        """
        return self.paths or self.names or self.handles or self.addresses

    def holds(self, repository: str) -> bool:
        """Whether ``repository`` is written out in the message."""
        kinds = (self.names, self.handles, self.beginnings, self.addresses, self.paths)
        return any(repository.lower() == each.lower() for kind in kinds for each in kind)


def mentions_a_repository(message: str) -> bool:
    """Whether ``message`` speaks of a repository: names one, or uses the word. A package's name is none."""
    found = Mentions.of(message, local=True)
    return bool(found.paths or found.names or found.addresses) or _WORD.search(message) is not None


def _without_addresses(message: str, *, server: str) -> tuple[list[str], list[str], str]:
    """The repositories that addresses on ``server`` mean, the other addresses, and the message as ``text`` has it."""
    host = re.escape(server.partition("://")[2])
    address = re.compile(
        rf"\b[a-z][a-z0-9+.-]{{0,15}}://{_REST}|(?<![\w./@:-])(?:git@)?{host}[/:]{_REST}", re.IGNORECASE
    )
    own = re.compile(
        rf"(?:https?://(?:www\.)?|(?:ssh://)?git@)?{host}[/:](?!(?:{_PAGES})/)({_OWNER_AND_NAME})(?:[/?#\])].*)?",
        re.IGNORECASE,
    )
    names: list[str] = []
    addresses: list[str] = []

    def reduced(found: re.Match[str]) -> str:
        written = found[0].rstrip(".,;:!?)]}")
        if repository := own.fullmatch(written):
            names.append(_plain(repository[1]))
            return f" {names[-1]} "
        if "://" in written:
            addresses.append(written)
        return ";"  # Parts its neighbours, as a blank wouldn't.

    return names, addresses, address.sub(reduced, message)


def _plain(name: str) -> str:
    return name.rstrip(".").removesuffix(".git")


def _may_be_a_repository(name: str) -> bool:
    owner, _, rest = name.partition("/")
    return bool(rest) and not (_FOLDER.fullmatch(owner) or _PHRASE.fullmatch(name) or _FILE.search(rest))


def _each_once(found: Sequence[str], *, without: Sequence[str] = ()) -> Sequence[str]:
    left_out = {each.lower() for each in without}
    spelled = {each.lower(): each for each in reversed(found)}
    return [spelled[name] for name in dict.fromkeys(map(str.lower, found)) if name not in left_out]
