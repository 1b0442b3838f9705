"""What subscribers get, and to what they can listen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from codeforge_common.events import job_update_json
from codeforge_common.job import Status
from codeforge_common.record import unpack


class AudienceKind(StrEnum):
    """What a client may listen to."""

    USER = "user"
    SESSION = "session"
    JOB = "job"

    __hash__ = str.__hash__  # that of an enum is several times as slow, and every update is looked up by three


class Audience(NamedTuple):
    """All that concerns one user, one session or one job."""

    kind: AudienceKind
    id: str


class Update(NamedTuple):
    """One update of the log, as it lies there: most are of people who don't look, and are never written out.

    ``packed``: the record after the change. Beside it, as JSON and empty where there is nothing: ``logs`` (the newest
    lines, with commas), ``error`` and ``result``. ``at_ms``: when it was appended.
    """

    user_id: str
    session_id: str
    job_id: str
    seq: int
    cursor: str
    at_ms: int
    packed: bytes
    logs: bytes = b""
    error: bytes = b""
    result: bytes = b""

    @property
    def status(self) -> Status:
        """Where the job was then."""
        return Status(unpack(self.packed).state)

    @property
    def traceparent(self) -> str | None:
        """The job's (W3C Trace Context); None where the job wasn't traced."""
        return unpack(self.packed).traceparent or None

    @property
    def audiences(self) -> tuple[Audience, Audience, Audience]:
        """Everything that one can listen to and then gets this update."""
        return (
            Audience(AudienceKind.USER, self.user_id),
            Audience(AudienceKind.SESSION, self.session_id),
            Audience(AudienceKind.JOB, self.job_id),
        )

    @property
    def json(self) -> str:
        """The whole ``job:update`` with its cursor (contract, section 2), written anew each time."""
        return job_update_json(
            unpack(self.packed),
            cursor=self.cursor,
            logs=_text(self.logs),
            error=_text(self.error),
            result=_text(self.result),
        )


def _text(json: bytes) -> str:
    # A log line that was cut within a character must not cost its update: bad bytes become U+FFFD.
    return json.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Answer of a join. Up to ``cursor`` the audience was replayed, from there on it is live.

    ``reset``: what came before can't be known (``since`` couldn't be honoured, or the log isn't read yet): the client
    forgets its sequence numbers and fetches the list.
    """

    cursor: str
    reset: bool
