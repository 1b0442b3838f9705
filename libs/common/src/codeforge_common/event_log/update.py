"""What subscribers get, and to what they can listen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AudienceKind(StrEnum):
    """What a client may listen to."""

    USER = "user"
    SESSION = "session"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Audience:
    """All that concerns one user, one session or one job."""

    kind: AudienceKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One update of the log. ``json`` is the whole ``job:update`` with its cursor; ``at_ms`` when it was appended.

    ``traceparent`` is the job's (W3C Trace Context), None where the job wasn't traced.
    """

    user_id: str
    session_id: str
    job_id: str
    seq: int
    cursor: str
    at_ms: int
    json: str
    traceparent: str | None = None

    @property
    def audiences(self) -> tuple[Audience, Audience, Audience]:
        """Everything that one can listen to and then gets this update."""
        return (
            Audience(AudienceKind.USER, self.user_id),
            Audience(AudienceKind.SESSION, self.session_id),
            Audience(AudienceKind.JOB, self.job_id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Answer of a join. Up to ``cursor`` the audience was replayed, from there on it is live.

    ``reset``: what came before can't be known (``since`` couldn't be honoured, or the log isn't read yet): the client
    forgets its sequence numbers and fetches the list.
    """

    cursor: str
    reset: bool
