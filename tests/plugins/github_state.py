"""What the fake GitHub knows: users, tokens, repositories with their forks, pull requests; and who may do what."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.plugins.git_server import Refusal, Visit

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/dev/null",
    "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True, kw_only=True)
class Token:
    """``scopes``: a classic one's; None for a fine-grained one, which ``writes`` or only reads."""

    login: str
    scopes: frozenset[str] | None = frozenset({"repo"})
    writes: bool = True

    def covers(self, *, private: bool) -> bool:
        """Whether it is enough to change a repository, whatever its user may do."""
        if self.scopes is None:
            return self.writes
        return bool(self.scopes & ({"repo"} if private else {"repo", "public_repo"}))


@dataclass(kw_only=True)
class HostedRepository:
    """A bare repository at ``path``. ``parent``: what it is a fork of.

    ``writers``: who may push besides its owner. ``readers``: who works there and may only read.

    ``looks_until_ready``: how often its branches are asked for before they are there, as in a fork that is being made.
    """

    full_name: str
    path: Path
    default_branch: str = "main"
    private: bool = False
    archived: bool = False
    allow_forking: bool = True
    writers: set[str] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)
    parent: HostedRepository | None = None
    looks_until_ready: int = 0

    @property
    def owner(self) -> str:
        """The login before the slash."""
        return self.full_name.partition("/")[0]

    def writable_by(self, login: str) -> bool:
        """Whether the user may push."""
        return login == self.owner or login in self.writers

    def tip(self, branch: str) -> str | None:
        """The id of the branch's newest commit."""
        asked = ("rev-parse", "--quiet", "--verify", f"refs/heads/{branch}")
        return run_git(*asked, cwd=self.path, codes=(0, 1)).strip() or None

    def branches(self) -> Mapping[str, str]:
        """The id of each branch's newest commit."""
        listed = run_git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads", cwd=self.path)
        return dict(line.split() for line in listed.splitlines())

    def has_merged(self, commit: str) -> bool:
        """Whether ``commit`` is part of the default branch."""
        listed = run_git("rev-list", f"refs/heads/{self.default_branch}", cwd=self.path)
        return commit in listed.split()


@dataclass(kw_only=True)
class HostedPullRequest:
    """A pull request of ``repository`` from ``branch`` of ``source``."""

    number: int
    repository: HostedRepository
    source: HostedRepository
    branch: str
    base: str
    title: str
    body: str
    head: str
    author: str
    state: str = "open"

    @property
    def label(self) -> str:
        """``owner:branch``."""
        return f"{self.source.owner}:{self.branch}"


@dataclass(kw_only=True)
class GitHubState:
    """Everything, with the repositories below ``root``. ``renamed``: present names by former ones."""

    root: Path
    users: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[str, HostedRepository] = field(default_factory=dict)
    pull_requests: list[HostedPullRequest] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    fork_delay: int = 0

    def add_token(
        self, token: str, *, login: str, scopes: Collection[str] | None = ("repo",), writes: bool = True
    ) -> None:
        """Makes the user, if there is no such, and gives them a token."""
        self.users.setdefault(login, 1000 + len(self.users))
        held = None if scopes is None else frozenset(scopes)
        self.tokens[token] = Token(login=login, scopes=held, writes=writes)

    def add_repository(self, full_name: str, *, source: Path | None = None, private: bool = False) -> HostedRepository:
        """A repository with the branches of ``source``, or an empty one."""
        path = self.root / f"{full_name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        if source is None:
            run_git("init", "--quiet", "--bare", "--initial-branch=main", str(path), cwd=self.root)
        else:
            run_git("clone", "--quiet", "--bare", str(source), str(path), cwd=self.root)
        self.users.setdefault(full_name.partition("/")[0], 1000 + len(self.users))
        repository = HostedRepository(full_name=full_name, path=path, private=private)
        self.repositories[full_name.lower()] = repository
        return repository

    def fork(self, parent: HostedRepository, *, owner: str, name: str | None = None) -> HostedRepository:
        """The user's fork of ``parent``: the one there is, or a new one, under a free name."""
        for known in self.repositories.values():
            if known.owner == owner and known.parent is parent:
                return known
        wanted = f"{owner}/{name or parent.full_name.partition('/')[2]}"
        while wanted.lower() in self.repositories:
            wanted += "-1"
        fork = self.add_repository(wanted, source=parent.path, private=parent.private)
        fork.parent, fork.default_branch = parent, parent.default_branch
        fork.looks_until_ready = self.fork_delay
        return fork

    def visible(self, full_name: str, *, token: Token) -> HostedRepository | None:
        """The repository, if there is one and the token may see it."""
        found = self.repositories.get(full_name.lower())
        if found is None or not found.private:
            return found
        member = found.writable_by(token.login) or token.login in found.readers
        return found if member and token.covers(private=True) else None

    def door(self, visit: Visit) -> Refusal | None:
        """Who may clone and push: as GitHub's own git server answers."""
        token = self.tokens.get(visit.token or "")
        found = self.repositories.get(visit.repository.lower())
        if token is None:
            if visit.token is None and found is not None and not found.private and not visit.writes:
                return None
            return Refusal(status=401, said="Invalid username or token.")
        if found is None or self.visible(visit.repository, token=token) is None:
            return Refusal(status=404, said="Repository not found.")
        if visit.writes and found.archived:
            return Refusal(status=403, said="This repository was archived so it is read-only.")
        if visit.writes and not token.covers(private=found.private):
            return Refusal(status=403, said="Write access to repository not granted.")
        if visit.writes and not found.writable_by(token.login):
            return Refusal(status=403, said=f"Permission to {found.full_name}.git denied to {token.login}.")
        return None


def run_git(*arguments: str, cwd: Path, codes: tuple[int, ...] = (0,)) -> str:
    """What git prints. Fails on an exit code that isn't one of ``codes``."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, cwd=cwd, env=_ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode in codes, done.stderr
    return done.stdout
