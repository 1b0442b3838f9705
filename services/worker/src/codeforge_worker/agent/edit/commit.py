"""The commit of a job's change: the same files, parent, person, time and message give the same id on every machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from codeforge_worker.agent.edit.checkout import Checkout
from codeforge_worker.agent.edit.run import succeed
from codeforge_worker.agent.edit.staging import stage

_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f<>\ud800-\udfff]+")
_LONGEST_NAME = 200
_LONGEST_MESSAGE = 60_000  # bytes; a single argument of a program has at most 128 KiB on Linux


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Author and committer, as a commit names them."""

    name: str
    email: str

    @classmethod
    def of(cls, name: str, email: str) -> Person:
        """The person without what can't stand in a commit's head; git refuses an empty name, so there is always one."""
        email = _NOT_IN_NAMES.sub("", email).strip()[:_LONGEST_NAME]
        name = _NOT_IN_NAMES.sub(" ", name).strip(" .,:;\"'\\")[:_LONGEST_NAME]
        return cls(name=name or email.partition("@")[0] or "CodeForge", email=email)


async def commit(checkout: Checkout, *, person: Person, at: datetime, message: str) -> str:
    """Commits all changes so far on top of the base; the commit's id.

    ``at``: the time of both author and committer, the job's ``createdAt``; whole seconds count. No branch is moved.

    :raises Retry: when the system ended git.
    """
    await stage(checkout)
    tree = (await succeed("write-tree", folder=checkout.folder)).decode().strip()
    date = f"@{int(at.timestamp())} +0000"
    variables = {
        f"GIT_{role}_{fact}": value
        for role in ("AUTHOR", "COMMITTER")
        for fact, value in (("NAME", person.name), ("EMAIL", person.email), ("DATE", date))
    }
    # No -S, and no configuration but ours, so nothing is signed; and this command runs no hook and reads no template.
    command = ("commit-tree", "-p", checkout.base, "-m", _clean(message), tree)
    return (await succeed(*command, folder=checkout.folder, variables=variables)).decode().strip()


def _clean(message: str) -> str:
    text = message.replace("\r\n", "\n").replace("\0", "").strip()
    return text.encode(errors="replace")[:_LONGEST_MESSAGE].decode(errors="ignore") or "Change"
