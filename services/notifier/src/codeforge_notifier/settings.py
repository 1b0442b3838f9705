"""What the notifier reads from its environment."""

from __future__ import annotations

from pydantic import Field

from codeforge_common.settings import EventLogSettings, HttpSettings, JobSettings, StoreSettings, TelemetrySettings


class NotifierSettings(StoreSettings, JobSettings, EventLogSettings, HttpSettings, TelemetrySettings):
    """Notifier"""

    metrics_port: int = Field(9102, ge=0, le=65_535)
    """Port on which `/metrics`, `/healthz` and `/readyz` are served; `0` takes a free one and logs it."""
    sockets_per_user: int = Field(20, ge=1, le=10_000)
    """Sockets that one user may have open at a notifier."""
    joins_per_socket: int = Field(50, ge=1, le=10_000)
    """Rooms that one socket may be in."""
