"""What `make run` reads from its environment; everything else goes on to the services as it is."""

from __future__ import annotations

from pydantic import Field

from codeforge_common.settings import HttpSettings, SecretsSettings, StoreSettings, TelemetrySettings


class LocalSettings(StoreSettings, HttpSettings, SecretsSettings, TelemetrySettings):
    """make run"""

    valkey_port: int = Field(0, ge=0, le=65_535)
    """Port of the embedded server on loopback; `0` takes a free one."""

    @property
    def edge_probes_port(self) -> int | None:
        """Where the edge's probes have to be, if ``METRICS_PORT`` says so: the worker shares the environment, but not
        the port, and finds one of its own."""
        return self.metrics_port or None if "metrics_port" in self.model_fields_set else None

    @property
    def embedded(self) -> bool:
        """Whether a server is started here: nobody named another with ``REDIS_URL``."""
        return "redis_url" not in self.model_fields_set
