"""What is kept of the conversations: capped as the settings say, redacted, and never a reason for a chat to fail."""

from __future__ import annotations

import asyncio

import structlog

from codeforge_common.errors import StoreUnavailable
from codeforge_common.secrets import redact
from codeforge_common.store.conversations import Caps, Conversation, Conversations, Role, Said
from codeforge_gateway.settings import ChatSettings

SHARE = 4
"""The part of a conversation's bytes that one message may take, so that a whole turn always finds room."""

KEEP_SECONDS = 2.0
"""How long an answer waits for the store to keep it."""

CUT = "…"

_log = structlog.get_logger(__name__)


class History:
    """The conversations of all users, in the store."""

    def __init__(self, conversations: Conversations, settings: ChatSettings) -> None:
        self._conversations = conversations
        self._rate = (settings.chat_rate_limit, settings.chat_rate_burst)
        self._caps = Caps(
            messages=settings.chat_history_max_messages,
            bytes=settings.chat_history_max_bytes,
            sessions=settings.chat_sessions_per_user,
            lifetime_ms=settings.chat_history_seconds * 1000,
        )

    async def read(self, *, user_id: str, session_id: str) -> Conversation:
        """What is kept of a session. Raises StoreUnavailable."""
        return await self._conversations.read(user_id=user_id, session_id=session_id)

    async def enter(self, *, user_id: str, session_id: str) -> Conversation:
        """The same for somebody who says something, within the rate. A store that is away remembers nothing.

        Raises TooManyMessages.
        """
        per_minute, burst = self._rate
        try:
            return await self._conversations.enter(
                user_id=user_id, session_id=session_id, per_minute=per_minute, burst=burst
            )
        except StoreUnavailable:
            _log.warning("a chat goes on without its history: the store is away")
            return Conversation(messages=[])

    async def keep(
        self, message: str, answer: str, *, user_id: str, session_id: str, turn: str, job_id: str | None = None
    ) -> None:
        """Keeps a turn. ``message`` is redacted already. ``turn``: its id, so that it is kept once."""
        said = [self._said(Role.USER, message, job_id), self._said(Role.ASSISTANT, redact(answer), job_id)]
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                await self._conversations.keep(said, user_id=user_id, session_id=session_id, turn=turn, caps=self._caps)
        except (StoreUnavailable, TimeoutError) as error:  # a full store is among them
            _log.warning("a turn of a chat isn't kept", error=getattr(error, "code", "timeout"))

    def _said(self, role: Role, text: str, job_id: str | None) -> Said:
        content = fitting(text, most=self._caps.bytes // SHARE)
        return Said(role=role, content=content, job_id=job_id, cut=content != text)


def fitting(text: str, *, most: int) -> str:
    """``text`` with at most ``most`` bytes of UTF-8, an ellipsis where it was longer, and no lone surrogates."""
    # A provider's pieces may part an emoji's two halves, which then only need to be put together.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    encoded = whole.encode()
    if len(encoded) <= most:
        return whole
    return encoded[: most - len(CUT.encode())].decode(errors="ignore") + CUT
