"""What was said in the chat, by user and session: kept for a while, capped, and the same for every gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from codeforge_common.store.caller import Caller
from codeforge_common.store.messages import Rate
from codeforge_common.store.refusals import raise_refusal


class Role(StrEnum):
    """Who said it."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message to be kept, with no secret in it. ``job_id``: the job that it became or tells of.

    ``cut``: the text was longer.
    """

    role: Role
    content: str
    job_id: str | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Said):
    """A message that is kept. ``at``: when its turn ended, in milliseconds since 1970."""

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much is kept: ``messages`` and ``bytes`` of one conversation (the oldest go first), ``sessions`` of one user
    (those that are silent the longest go first), each for ``lifetime_ms`` after its last turn.
    """

    messages: int
    bytes: int
    sessions: int
    lifetime_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The kept messages, oldest first. ``rate``: where the user stands; None where no rate was asked for."""

    messages: Sequence[Message]
    rate: Rate | None = None


class Conversations:
    """The conversations of the store. A session is one user's: another one's of the same name is another one."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def read(self, *, user_id: str, session_id: str) -> Conversation:
        """What is kept. Raises StoreUnavailable."""
        answer = await self._caller.call("chat", user=user_id, session=session_id)
        return Conversation(messages=[_message(raw) for raw in _listed(answer["messages"])])

    async def enter(self, *, user_id: str, session_id: str, per_minute: int, burst: int) -> Conversation:
        """The same for somebody who says something: takes one out of the user's rate (GCRA; 0 a minute: no limit).

        Raises TooManyMessages, StoreUnavailable.
        """
        rate = {"per_minute": per_minute, "burst": burst} if per_minute and burst else None
        answer = await self._caller.call("chat", user=user_id, session=session_id, rate=rate)
        raise_refusal(answer)
        return Conversation(
            messages=[_message(raw) for raw in _listed(answer["messages"])],
            rate=Rate(remaining=answer["remaining"], reset_ms=answer["reset"]) if rate else None,
        )

    async def keep(self, said: Sequence[Said], *, user_id: str, session_id: str, turn: str, caps: Caps) -> None:
        """Keeps the messages of one turn, together and in order. ``turn``: an id; the same again keeps nothing twice.

        Raises StoreFull, StoreUnavailable.
        """
        answer = await self._caller.call(
            "chat_keep",
            user=user_id,
            session=session_id,
            turn=turn,
            messages=[
                {"role": one.role, "content": one.content, "job": one.job_id, "cut": one.cut or None} for one in said
            ],
            caps={
                "messages": caps.messages,
                "bytes": caps.bytes,
                "sessions": caps.sessions,
                "lifetime": caps.lifetime_ms,
            },
        )
        raise_refusal(answer)


def _listed(raw: Any) -> Sequence[Mapping[str, Any]]:
    # An empty table of Lua is packed as a map.
    return raw or ()


def _message(raw: Mapping[str, Any]) -> Message:
    return Message(
        role=Role(raw["role"]),
        content=raw["content"],
        at=raw["at"],
        job_id=raw.get("job"),
        cut=raw.get("cut", False),
    )
