"""What GitHub answers, as far as the agent reads it (docs.github.com/rest, version 2022-11-28)."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel


class User(BaseModel, frozen=True):
    """Whose token it is. ``scopes``: a classic token's, as ``repo``; None for one with permissions instead."""

    login: str
    id: int
    name: str | None = None
    email: str | None = None
    scopes: Sequence[str] | None = None

    def noreply(self, *, server: str) -> str:
        """The address that stands for the user in a commit who shows no other. ``server``: host of the server."""
        return f"{self.id}+{self.login}@users.noreply.{server}"


class Permissions(BaseModel, frozen=True):
    """What the user may do in a repository, whatever the token may."""

    push: bool = False


class Parent(BaseModel, frozen=True):
    """What a fork was made of."""

    full_name: str


class RemoteRepository(BaseModel, frozen=True):
    """A repository. ``full_name``: ``owner/name`` as it is called now. ``parent``: for a fork, and only where asked
    for by name."""

    full_name: str
    default_branch: str
    private: bool = False
    archived: bool = False
    fork: bool = False
    allow_forking: bool = True
    parent: Parent | None = None
    permissions: Permissions = Permissions()

    def is_fork_of(self, name: str) -> bool:
        """Whether it was forked from ``name``."""
        return self.parent is not None and self.parent.full_name.lower() == name.lower()


class Reference(BaseModel, frozen=True):
    """A branch."""

    class Target(BaseModel, frozen=True):
        """``sha``: the commit's id."""

        sha: str

    object: Target


class PullRequest(BaseModel, frozen=True):
    """A pull request, open or closed."""

    class End(BaseModel, frozen=True):
        """One side. ``label``: ``owner:branch``; None where the owner is gone. ``sha``: its newest commit."""

        label: str | None
        ref: str
        sha: str

    number: int
    html_url: str
    state: str
    head: End
    base: End
