"""Which repository a request means: one that it names, or one of the user's that its message speaks of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass

from codeforge_common.handler import Fail
from codeforge_worker.agent.common_words import COMMON
from codeforge_worker.agent.mentions import mentioned_repositories

MOST_CANDIDATES = 10
"""That an error lists."""

_WORD = re.compile(r"[\w./@~-]+")
_BLANK = re.compile(r"[\s\"'`*:(“”‘’«»]*")
_REPOSITORY = frozenset({"repo", "repository", "kho"})
_BETWEEN = frozenset({"called", "git", "github", "named", "tên", "là"})
"""Words that may stand between a name and the word repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """``address``: as :func:`codeforge_worker.agent.repository.parse` takes it. ``reason``: a sentence."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    text: str
    start: int

    @property
    def lower(self) -> str:
        return self.text.lower()


async def which(
    *,
    named: str | None,
    message: str,
    pushable: Callable[[], Awaitable[Sequence[str]]] | None,
    local: bool = False,
) -> Choice:
    """The repository that is meant.

    ``named``: ``context.repository``, which wins. ``message``: an address or ``owner/name`` in it is next; ``local``:
    absolute paths too. ``pushable``: lists the repositories that the token's user may push to, pushed to last first,
    and is asked only then; None: there is no token.

    :raises Fail: ``repository_required`` where none is found, ``repository_ambiguous`` where several are, each with at
        most :data:`MOST_CANDIDATES` candidates; and what ``pushable`` raises.
    """
    if named and named.strip():
        return Choice(address=named.strip(), reason="The request names it in context.repository.")
    match mentioned_repositories(message, local=local):
        case [address]:
            return Choice(address=address, reason="The message names it.")
        case [_, *_] as several:
            # An address may hold a password or a path of this machine, so addresses aren't listed.
            raise _ambiguous([name for name in several if not name.startswith("/") and "://" not in name])
    if pushable is None:
        hint = "name one in the message or in context.repository, as owner/name or an https:// address"
        token = "With a token (githubContext.token) its name alone would do."
        raise Fail("repository_required", f"The request names no repository; {hint}. {token}")
    return _among(await pushable(), message=message)


def _among(repositories: Sequence[str], *, message: str) -> Choice:
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for repository in repositories:
        by_name[repository.partition("/")[2].lower()].append(repository)
    match [repository for name in _spoken_of(message, by_name) for repository in by_name[name]]:
        case [repository]:
            reason = f"The message speaks of {repository.partition('/')[2]}, which the token's user may push to."
            return Choice(address=repository, reason=reason)
        case []:
            hint = "name one in the message, as owner/name, or in context.repository"
            listed = f", which may be {_listed(repositories)}" if repositories else ""
            sentence = f"The message names none of the repositories that the token's user may push to; {hint}{listed}."
            raise Fail("repository_required", sentence)
        case several:
            raise _ambiguous(several)


def _spoken_of(message: str, names: Container[str]) -> Sequence[str]:
    """Which of ``names`` the message means: those beside the word repository, else those that are no common words.

    Only whole words count, and a word reaches as far as it can: "versace-landing" doesn't speak of "versace".
    """
    words = [_Word(text=found[0].rstrip("./-~@"), start=found.start()) for found in _WORD.finditer(message)]
    places = (place for place, word in enumerate(words) if word.lower in _REPOSITORY)
    beside = [name for place in places if (name := _beside(place, words, names=names, message=message))]
    alone = (word.lower for word in words)
    return list(dict.fromkeys(beside or (name for name in alone if name in names and not _is_common(name))))


def _beside(place: int, words: Sequence[_Word], *, names: Container[str], message: str) -> str | None:
    """The name beside the word at ``place``: a telling one rather than a common one, before it rather than after it."""
    neighbours = (_neighbour(place, words, step=step, message=message) for step in (-1, 1))
    return min((name for name in neighbours if name in names), key=_is_common, default=None)


def _neighbour(place: int, words: Sequence[_Word], *, step: int, message: str) -> str:
    """The next word, over those that may stand between, where nothing but blanks and quotes parts them; else ""."""
    while 0 <= place + step < len(words):
        first, second = sorted((words[place], words[place + step]), key=lambda word: word.start)
        if not _BLANK.fullmatch(message, first.start + len(first.text), second.start):
            return ""
        place += step
        if words[place].lower not in _BETWEEN:
            return words[place].lower
    return ""


def _is_common(name: str) -> bool:
    return COMMON.fullmatch(name) is not None or len(name) < 3 or name.isdigit()


def _ambiguous(names: Sequence[str]) -> Fail:
    listed = f" ({_listed(names)})" if names else ""
    hint = "say in the message, as owner/name, or in context.repository which one is meant"
    return Fail("repository_ambiguous", f"The request names several repositories{listed}; {hint}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_CANDIDATES])
