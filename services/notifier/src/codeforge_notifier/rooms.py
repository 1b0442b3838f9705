"""Rooms: what a client may ask to listen to, and how it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codeforge_common.errors import CodeForgeError
from codeforge_common.event_log import Audience, AudienceKind
from codeforge_common.identity import is_user_id

_MEMBERS = {AudienceKind.USER: "userId", AudienceKind.SESSION: "sessionId", AudienceKind.JOB: "jobId"}
"""The member that names the room where a client sends an object instead of a bare string."""


class NoSuchRoom(CodeForgeError):
    """Raised for a payload that names no room: another type, no id, or one that can't be an id."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class Request:
    """A room, and the cursor after which the client wants to know what happened there."""

    room: Audience
    since: str | None


def requested(kind: AudienceKind, payload: object) -> Request:
    """What a client means by ``"id"`` or ``{"userId": "id", "since": "cursor"}``. Raises NoSuchRoom.

    A ``since`` that no server gave out is passed on as it is: the tail can't honour it, and says so.
    """
    since: object = None
    id = payload
    if isinstance(payload, Mapping):
        id, since = payload.get(_MEMBERS[kind]), payload.get("since")
    if not isinstance(id, str) or not is_user_id(id):  # ids of sessions and jobs follow the same rule
        raise NoSuchRoom(f"{_MEMBERS[kind]} should be a string of 1 to 200 characters.")
    return Request(room=Audience(kind, id), since=since if since is None or isinstance(since, str) else "")
