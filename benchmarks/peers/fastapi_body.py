"""The body of a submit, as the peers check it."""

# mypy: ignore-errors
# ruff: noqa: N815  # the members have the names that clients send

from __future__ import annotations

from pydantic import BaseModel


class GitHubContext(BaseModel):
    """Who acts on GitHub. The token goes into the queue as it is."""

    token: str | None = None
    username: str | None = None
    email: str | None = None


class Submit(BaseModel):
    """What the client sends."""

    userId: str
    sessionId: str
    userMessage: str
    agentType: str | None = None
    context: dict | None = None
    githubContext: GitHubContext | None = None
