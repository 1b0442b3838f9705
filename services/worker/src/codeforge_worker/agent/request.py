"""What the person asked for, as the agent reads it from a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeforge_common.handler import JobContext
from codeforge_common.job import GITHUB_TOKEN_FIELDS
from codeforge_worker.agent.edit.scope import Scope
from codeforge_worker.agent.mentions import mentions_a_repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A view of the job; nothing in it is believed to have the right type, save what the gateway's schema promises."""

    ctx: JobContext

    @property
    def message(self) -> str:
        """The person's words."""
        return self.ctx.user_message

    @property
    def agent_type(self) -> str | None:
        """The workflow that is asked for by name, as it is spelled there."""
        return self.ctx.agent_type

    @property
    def named_repository(self) -> str | None:
        """``context.repository``."""
        return self._text("repository")

    @property
    def branch(self) -> str | None:
        """The branch that is asked for; None is the default one."""
        return self._text("branch")

    @property
    def language(self) -> str | None:
        """The language that the person reads."""
        return self._text("language")

    @property
    def files(self) -> Sequence[str]:
        """The files that the change is to stay within; none: all."""
        return [path for path in self.ctx.context.get("files") or () if isinstance(path, str)]

    @property
    def scope(self) -> Scope:
        """What may be changed."""
        return Scope.of(self.message, files=self.files)

    @property
    def has_repository(self) -> bool:
        """Whether it speaks of a repository, by name or not."""
        return self.named_repository is not None or mentions_a_repository(self.message)

    @property
    def token(self) -> str | None:
        """The job's GitHub token."""
        return next((self.ctx.secrets[field] for field in GITHUB_TOKEN_FIELDS if self.ctx.secrets.get(field)), None)

    def github_context(self, name: str) -> str | None:
        """``username`` or ``email`` of whoever asks, where the request has it."""
        github: Any = self.ctx.context.get("githubContext")
        value = github.get(name) if isinstance(github, dict) else None
        return value.strip() if isinstance(value, str) and value.strip() else None

    def _text(self, name: str) -> str | None:
        value: Any = self.ctx.context.get(name)
        return value.strip() if isinstance(value, str) and value.strip() else None
