"""From the settings to the store and the event log, as whoever serves the gateway opens them."""

from __future__ import annotations

import structlog

from codeforge_common.errors import ConfigurationError, StoreUnavailable
from codeforge_common.event_log import EventTail
from codeforge_common.store import Store
from codeforge_common.store.limits import EVENT_LOG_BYTES, limits_of
from codeforge_common.telemetry.metrics import Metrics
from codeforge_gateway.settings import GatewaySettings

FSYNC_MS = 2_000
"""How long a submit waits for the disk (``JOB_DURABILITY=fsync``) before it is answered with 503."""

_log = structlog.get_logger(__name__)


def connect_store(settings: GatewaySettings, *, metrics: Metrics) -> Store:
    """The store, with the limits that gateways keep. Connects lazily."""
    return Store.connect(
        settings.redis_url,
        namespace=settings.store_namespace,
        limits=limits_of(
            settings,
            settings,
            settings,
            rate_per_minute=settings.submit_rate_limit if settings.submit_rate_limited else 0,
            rate_burst=settings.submit_rate_burst,
        ),
        tls_verify=settings.redis_tls_verify,
        tls_ca=_tls_ca(settings),
        observe=metrics.observe_store_call,
        fsync_ms=FSYNC_MS if settings.job_durability == "fsync" else None,
    )


def create_tail(settings: GatewaySettings) -> EventTail:
    """The event log's tail, not started yet."""
    return EventTail(
        settings.redis_url,
        namespace=settings.store_namespace,
        max_bytes=settings.event_log_max_bytes or EVENT_LOG_BYTES,
        tls_verify=settings.redis_tls_verify,
        tls_ca=_tls_ca(settings),
    )


async def check_durability(store: Store, settings: GatewaySettings) -> None:
    """Refuses to promise what the server can't keep. A server that is away is believed; submits find out.

    :raises ConfigurationError: ``JOB_DURABILITY=fsync`` on a server that can't say when its disk has a write.
    """
    if settings.job_durability != "fsync":
        return
    try:
        able = await store.can_wait_for_disk()
    except StoreUnavailable:
        _log.warning("JOB_DURABILITY=fsync isn't verified: the store is away")
        return
    if not able:
        raise ConfigurationError(
            "JOB_DURABILITY: fsync needs a server with WAITAOF (Redis 7.2, Valkey) and appendonly yes"
        )


def _tls_ca(settings: GatewaySettings) -> str | None:
    return None if settings.redis_tls_ca is None else str(settings.redis_tls_ca)
