"""What a failed ``git clone`` means for the person who asked for it.

git says it in words only (its exit code is 128 for nearly everything), so its messages are matched here, and only here.
None of its text is passed on: it holds paths of this machine.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent.repository import Repository
from codeforge_worker.guard import KILLED, NOT_STARTED

log = logging.getLogger(__name__)

_FAILURES = (
    ("branch_not_found", "{label} has no branch {branch}.", r"Remote branch .* not found|Could not find remote branch"),
    (
        "repository_moved",
        "{label} has moved; name its present address.",
        r"returned error: 30\d|unable to update url base from redirection",
    ),
    ("repository_forbidden", "The server doesn't allow reading {label}.", r"returned error: 403"),
    (
        "repository_not_found",
        "{label} doesn't exist, or may not be read with what was sent.",
        r"repository '.*' not found|returned error: 404|does not appear to be a git repository",
    ),
    (
        "repository_not_found",
        "There is no git repository at {label}.",
        r"not valid: is this a git repository|dumb http transport|invalid server response",
    ),
    ("repository_untrusted", "The certificate of the server of {label} can't be verified.", r"certificate|SSL peer"),
)
"""Code and sentence for what no other attempt would change, and git's words for it."""

_PASSWORD = re.compile(
    r"could not read (?:Username|Password)|Authentication failed|terminal prompts disabled|returned error: 401"
)
_DISK_FULL = re.compile(r"No space left on device")
_NETWORK = re.compile(
    r"Could not resolve|[Cc]ould ?n[o']t connect|Failed to connect|timed out|too slow|early EOF|RPC failed|hung up"
    r"|unexpected disconnect|unexpected EOF|Connection (?:reset|refused)|Recv failure|Send failure|Empty reply"
    r"|TLS connect|gnutls|SSL_ERROR|returned error: (?:429|5\d\d)|bad line length|protocol error"
)


def explain(said: str, *, code: int, repository: Repository, branch: str | None, with_token: bool) -> Fail | Retry:
    """The outcome of a job whose clone ended with exit ``code`` after git ``said`` something on stderr.

    ``with_token``: whether the job has a token.
    """
    label = repository.label
    if code == NOT_STARTED:
        return Fail("git_missing", "This worker has no git program; its operator needs to install it.")
    if code == KILLED:
        return Retry(reason=f"Cloning {label} was ended by the system, perhaps for want of memory.")
    if _PASSWORD.search(said):
        return _needs_credentials(repository, with_token=with_token)
    for failure, sentence, words in _FAILURES:
        if re.search(words, said):
            found = failure == "repository_not_found" and _local_kind(repository)
            return Fail(failure, f"{label} is {found}." if found else sentence.format(label=label, branch=branch))
    if _DISK_FULL.search(said):
        return Retry(reason="The worker's disk is full.")
    if _NETWORK.search(said):
        return Retry(reason=f"Cloning {label} failed: its server can't be reached, or broke off.")
    # Not above debug: git's text may hold the address.
    log.debug("git clone failed with %d: %s", code, said[-500:])
    return Fail(
        "clone_failed", f"{label} can't be cloned: git ended with code {code} and no reason that is known here."
    )


def _local_kind(repository: Repository) -> str | None:
    """What is at a path of this machine, where git finds no repository; git doesn't tell that from nothing."""
    if repository.protocol != "file":
        return None
    path = Path(unquote(urlsplit(repository.url).path, errors="surrogateescape"))
    with suppress(OSError):  # we may not look there
        if path.is_dir():
            return "a folder, but no git repository"
        if path.exists():
            return "a file, and no git repository"
    return None


def _needs_credentials(repository: Repository, *, with_token: bool) -> Fail:
    label = repository.label
    if not repository.takes_token:
        sentence = f"The server of {label} asks for a password, and only what anybody may read is cloned from there."
    elif with_token:
        sentence = f"The server refused the token for {label}."
    else:
        sentence = f"{label} doesn't exist, or is private and needs a token (githubContext.token)."
    return Fail("repository_needs_credentials", sentence)
