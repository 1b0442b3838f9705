"""Which repositories may be cloned, and how they are called: an address becomes a :class:`Repository` or a refusal.

Allowed are ``owner/name`` (on ``GITHUB_SERVER_URL``), ``https://`` addresses and, where
``AGENT_ALLOW_LOCAL_REPOSITORIES`` is set, absolute paths and ``file://``. What is refused never reaches git: git would
take ``--upload-pack=…`` for an option and run a program for ``ext::…`` (git-remote-ext(1)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from codeforge_common.handler import Fail
from codeforge_worker.settings import AgentSettings

MAX_LENGTH = 2048
"""Characters of an address, as the contract's schema has it."""

_OWNER_AND_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253})|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_WEB_PATH = re.compile(r"(?:/[A-Za-z0-9._~%+@=,!$&'()*-]+)+")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2066-\u2069]|%(?:[01][0-9a-fA-F]|7[fF])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository that may be cloned.

    ``url``: what git gets. ``label``: what people read; never a path of this machine. ``protocol``: the only one that
    git may use for it. ``takes_token``: whether the job's GitHub token is meant for this server.
    """

    url: str
    label: str
    protocol: str
    takes_token: bool = False


def parse(address: str, *, settings: AgentSettings) -> Repository:
    """The repository at ``address``.

    :raises Fail: ``repository_refused``, with a message that says why and never repeats the address.
    """
    address = address.strip()
    if not address or len(address) > MAX_LENGTH:
        raise _refused(f"an address has 1 to {MAX_LENGTH} characters")
    if address.startswith("-"):
        raise _refused("it begins with a dash and could be taken for an option")
    if "::" in address.partition("[")[0]:
        raise _refused("addresses of the form transport::address run programs")
    if address.startswith("/"):
        return _local(address, settings=settings)
    if _INVISIBLE.search(address):
        raise _refused("it contains blanks or control characters")
    if "://" in address:
        return _from_url(address, settings=settings)
    host = urlsplit(settings.github_server_url).netloc
    return _on_github(address.removeprefix(f"{host}/"), settings=settings)


def _on_github(address: str, *, settings: AgentSettings) -> Repository:
    name = address.removesuffix(".git")
    if not _OWNER_AND_NAME.fullmatch(name) or name.endswith(("/.", "/..")):
        raise _refused("it is neither owner/name nor an https:// address")
    server = settings.github_server_url
    return Repository(url=f"{server}/{name}.git", label=name, protocol=urlsplit(server).scheme, takes_token=True)


def _from_url(address: str, *, settings: AgentSettings) -> Repository:
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        raise _refused("it is no valid address") from None
    if "@" in url.netloc:
        raise _refused("credentials don't belong in an address; send a token as githubContext.token")
    if url.scheme == "file":
        return _local_url(url, settings=settings)
    own = address.startswith(f"{settings.github_server_url}/")
    if url.scheme != "https" and not own:
        raise _refused("only https:// addresses are cloned")
    if not _HOST_AND_PORT.fullmatch(url.netloc) or not _WEB_PATH.fullmatch(url.path.rstrip("/")):
        raise _refused("it needs a host and a path of ordinary characters")
    if url.query or url.fragment:
        raise _refused("it has a query or a fragment")
    if own:
        return _on_github(address.removeprefix(f"{settings.github_server_url}/").rstrip("/"), settings=settings)
    path = url.path.rstrip("/")
    return Repository(
        url=f"https://{url.netloc}{path}", label=f"{url.netloc}{path.removesuffix('.git')}", protocol="https"
    )


def _local_url(url: SplitResult, *, settings: AgentSettings) -> Repository:
    if url.netloc not in ("", "localhost") or url.query or url.fragment:
        raise _refused("a file:// address is a path on this machine and nothing else")
    return _local(unquote(url.path, errors="surrogateescape"), settings=settings)


def _local(path: str, *, settings: AgentSettings) -> Repository:
    if not settings.agent_allow_local_repositories:
        raise _refused("local repositories are switched off here (AGENT_ALLOW_LOCAL_REPOSITORIES)")
    if not path.startswith("/") or re.search(r"[\x00-\x1f\x7f]", path):
        raise _refused("a local repository has an absolute path without control characters")
    name = path.rstrip("/").removesuffix("/.git").rpartition("/")[2].removesuffix(".git")
    label = name.encode(errors="backslashreplace").decode() or "the root folder"
    # An address and not a path: only then does git honour a depth, and copies instead of linking files.
    return Repository(url="file://" + quote(path.encode(errors="surrogateescape")), label=label, protocol="file")


def _refused(reason: str) -> Fail:
    return Fail("repository_refused", f"This repository can't be used: {reason}.")
