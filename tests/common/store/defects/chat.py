"""Defects of what the chat keeps."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

CHAT = (
    Defect(
        "a turn that is kept twice",
        "lib/chat.lua",
        "if cmsgpack.unpack(packed).turn == turn then return end",
        "",
        "conversations",
    ),
    Defect("users whose ids flow together", "lib/chat.lua", "#user .. ':' .. user", "user", "conversations"),
    Defect(
        "a conversation without an end",
        "lib/chat.lua",
        "redis.call('PEXPIRE', key, caps.lifetime)",
        "",
        "conversations",
    ),
    Defect("one message too many", "lib/chat.lua", "> caps.messages", "> caps.messages + 1", "conversations"),
    Defect("one byte too many", "lib/chat.lua", "bytes > caps.bytes", "bytes > caps.bytes + 1", "conversations"),
    Defect("one conversation too many", "lib/chat.lua", "-1 - caps.sessions", "-2 - caps.sessions", "conversations"),
    Defect("a full store that keeps the chat", "chat_keep.lua", "used >= SHARE * budget", "false", "conversations"),
    Defect("a chat that takes all the room", "chat_keep.lua", "SHARE = 0.75", "SHARE = 0.95", "conversations"),
)
