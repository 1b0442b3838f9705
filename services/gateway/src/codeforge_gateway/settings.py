"""What the gateway reads from its environment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from codeforge_common.settings import (
    DAY,
    KIB,
    MIB,
    YEAR,
    BrokerSettings,
    EventLogSettings,
    HttpSettings,
    JobSettings,
    ModelSettings,
    SecretsSettings,
    Settings,
    TelemetrySettings,
)


class ChatSettings(Settings):
    """Chat"""

    chat_answer_seconds: float = Field(25, ge=0.1, le=300)
    """Seconds within which an answer that isn't streamed has to come; proxies cut what takes 30."""
    chat_stream_seconds: float = Field(300, ge=1, le=3600)
    """Seconds that a streamed answer may take."""
    chat_answer_max_characters: int = Field(16_000, ge=100, le=1_000_000)
    """Characters of an answer; the model is stopped there."""
    chats_per_user: int = Field(4, ge=1, le=1000)
    """Answers of the model that one user may have under way at a gateway; another one is refused with 429."""
    chats_at_once: int = Field(100, ge=1, le=10_000)
    """Answers of the model under way at a gateway; another one is refused with 429."""
    chat_rate_limit: int = Field(60, ge=0, le=1_000_000)
    """Messages a minute that one user may have answered in the chat; `0` switches the limit off."""
    chat_rate_burst: int = Field(30, ge=0, le=1_000_000)
    """Messages that one user may send at once before the limit holds; `0` switches the limit off."""
    chat_history_max_messages: int = Field(50, ge=2, le=1000)
    """Messages kept of a conversation, answers among them; the oldest go."""
    chat_history_max_bytes: int = Field(64 * KIB, ge=KIB, le=MIB)
    """Bytes kept of a conversation; the oldest messages go, and one longer than a quarter of it is cut."""
    chat_history_seconds: int = Field(7 * DAY, ge=60, le=YEAR)
    """Seconds for which a conversation is kept after its last turn."""
    chat_sessions_per_user: int = Field(200, ge=1, le=100_000)
    """Conversations kept of one user; those that are silent the longest go."""


class GatewaySettings(
    BrokerSettings,
    JobSettings,
    EventLogSettings,
    SecretsSettings,
    HttpSettings,
    TelemetrySettings,
    ModelSettings,
    ChatSettings,
):
    """Gateway"""

    metrics_port: int = Field(9101, ge=0, le=65_535)
    """Port on which `/metrics`, `/healthz` and `/readyz` are served; `0` takes a free one and logs it."""
    metrics_public: bool = False
    """Whether `/metrics` is served on the public port too."""
    max_body_bytes: int = Field(MIB, ge=KIB, le=64 * MIB)
    """Bytes of a request's body; a larger one is refused with 413."""
    max_message_length: int = Field(100_000, ge=200, le=10_000_000)
    """Characters of a submit's or a chat's message."""
    body_timeout_seconds: float = Field(30, ge=0.1, le=3600)
    """Seconds within which a request's whole body has to come; a slower one is refused with 408."""
    job_delay_max_seconds: int = Field(YEAR, ge=0, le=10 * YEAR)
    """Longest time in seconds for which a submit may put its job off, with `delaySeconds` or `runAt`."""
    job_priority_max_seconds: int = Field(3600, ge=0, le=DAY)
    """Largest `priority` of a submit: seconds of head start among the jobs of the same user and type."""
    prefer_wait_max_seconds: float = Field(25, ge=0, le=300)
    """Longest time in seconds for which `Prefer: wait` holds an answer; proxies cut what takes 30."""
    submit_rate_limit: int = Field(120, ge=0, le=1_000_000)
    """Submits a minute that one user may make; `0` switches the limit off."""
    submit_rate_burst: int = Field(60, ge=0, le=1_000_000)
    """Submits that one user may make at once before the limit holds; `0` switches the limit off."""
    streams_per_user: int = Field(20, ge=1, le=10_000)
    """Event streams that one user may have open at a gateway; another one is refused with 429."""
    job_durability: Literal["standard", "fsync"] = "standard"
    """When a submit is answered: `standard` as the server has it, `fsync` once it is on the server's disk."""

    @property
    def submit_rate_limited(self) -> bool:
        """Whether submits are limited at all."""
        return self.submit_rate_limit > 0 and self.submit_rate_burst > 0
