"""Which repository a request means: one that it names, or one of the user's that its message speaks of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from codeforge_common.handler import Fail
from codeforge_worker.agent import spoken
from codeforge_worker.agent.mentions import GITHUB, Mentions

MOST_CANDIDATES = 10
"""That an error lists."""

_DETERMINERS = frozenset({"a", "an", "the", "this", "that", "my", "our", "your", "its"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """``address``: as :func:`codeforge_worker.agent.repository.parse` takes it. ``reason``: a sentence."""

    address: str
    reason: str


async def which(
    *,
    named: str | None,
    message: str,
    pushable: Callable[[], Awaitable[Sequence[str]]] | None,
    local: bool = False,
    server: str = GITHUB,
) -> Choice:
    """The repository that is meant.

    ``named``: ``context.repository``, which wins. ``message``: what it names is next; ``local``: absolute paths count,
    too; ``server``: ``GITHUB_SERVER_URL``, whose addresses are as good as ``owner/name``. ``pushable``: lists the
    repositories that the token's user may push to, pushed to last first, and is asked unless the message names one
    plainly; None: there is no token.

    :raises Fail: ``repository_required`` where none is found, ``repository_ambiguous`` where several are, each with at
        most :data:`MOST_CANDIDATES` candidates; and what ``pushable`` raises.
    """
    if named and named.strip():
        return Choice(address=named.strip(), reason="The request names it in context.repository.")
    mentions = Mentions.of(message, server=server, local=local)
    if pushable is not None and _is_open(mentions):
        return _among(await pushable(), mentions)
    if mentions.likeliest:
        return _only(mentions.likeliest, mentions)
    hint = "name one in the message or in context.repository, as owner/name or an https:// address"
    also = "With a token (githubContext.token) its name alone would do."
    raise Fail("repository_required", f"The request names no repository; {hint}. {also}")


def _is_open(mentions: Mentions) -> bool:
    """Whether it depends on the user's repositories which one is meant."""
    if mentions.paths:
        return False
    if len(mentions.names) != 1 or mentions.handles or mentions.beginnings:
        return True
    return any({*pair} - {"", *_DETERMINERS} for pair in _unexplained(mentions))


def _unexplained(mentions: Mentions) -> Sequence[tuple[str, str]]:
    """The neighbours of each word repository that doesn't stand beside an ``owner/name``, which it then speaks of."""
    written = {name.lower() for name in (*mentions.names, *mentions.handles)}
    pairs = spoken.neighbours(mentions.text)
    return [pair for pair in pairs if written.isdisjoint(word.lstrip("@").removesuffix(".git") for word in pair)]


def _among(repositories: Sequence[str], mentions: Mentions) -> Choice:
    """The choice, knowing that the token's user may push to ``repositories``.

    One of these that is named in full or beside the word repository; else an ``owner/name``, which may be somebody
    else's; else one of these whose name stands alone; else an address. What may as well be a path or a package counts
    only where it is one of these.
    """
    in_full = {repository.lower(): repository for repository in repositories}
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for repository in repositories:
        by_name[_name(repository)].append(repository)
    written = (*mentions.names, *mentions.handles, *mentions.beginnings)
    held = [in_full[name.lower()] for name in written if name.lower() in in_full]
    others = by_name.keys() - {_name(repository) for repository in held}

    def called(names: Sequence[str]) -> Sequence[str]:
        """The user's, and what the message writes out that is called the same: it can't be told which is meant."""
        rivals = (*mentions.names, *mentions.handles, *mentions.addresses)
        return [each for name in names for each in (*by_name[name], *(one for one in rivals if _name(one) == name))]

    candidates = (
        [*held, *called(spoken.beside(_unexplained(mentions), names=others))]
        or mentions.names
        or called(spoken.alone(mentions.text, names=by_name))
        or mentions.addresses
    )
    if candidates:
        return _only(candidates, mentions)
    hint = "name one in the message, as owner/name, or in context.repository"
    listed = f", which may be {_listed(repositories)}" if repositories else ""
    sentence = f"The message names none of the repositories that the token's user may push to; {hint}{listed}."
    raise Fail("repository_required", sentence)


def _only(candidates: Sequence[str], mentions: Mentions) -> Choice:
    """The one candidate."""
    if len(candidates) > 1:
        # An address may hold a password or a path of this machine, so addresses aren't listed.
        raise _ambiguous([name for name in candidates if not name.startswith("/") and "://" not in name])
    [address] = candidates
    name = address.partition("/")[2]
    speaks = f"The message speaks of {name}, which the token's user may push to."
    return Choice(address=address, reason="The message names it." if mentions.holds(address) else speaks)


def _name(repository: str) -> str:
    """What a repository is called without its owner, for comparing."""
    return repository.rstrip("/").rpartition("/")[2].removesuffix(".git").lower()


def _ambiguous(names: Sequence[str]) -> Fail:
    listed = f" ({_listed(names)})" if names else ""
    hint = "say in the message, as owner/name, or in context.repository which one is meant"
    return Fail("repository_ambiguous", f"The request names several repositories{listed}; {hint}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_CANDIDATES])
