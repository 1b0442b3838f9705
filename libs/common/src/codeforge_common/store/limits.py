"""From the settings to the limits that the scripts keep."""

from __future__ import annotations

from codeforge_common.settings import EventLogSettings, JobSettings, StoreSettings
from codeforge_common.store.messages import Limits

MIB = 1024 * 1024
EVENT_LOG_BYTES = 16 * MIB
EVENT_LOG_BYTES_ON_A_SMALL_SERVER = 4 * MIB
SMALL_SERVER_BYTES = 64_000_000
"""A server with at most this ``maxmemory`` is small (contract, section 3)."""


def limits_of(
    jobs: JobSettings, log: EventLogSettings, store: StoreSettings, *, rate_per_minute: int = 0, rate_burst: int = 0
) -> Limits:
    """The limits that the settings ask for. The submit rate is the gateway's; nobody else submits."""
    return Limits(
        rate_per_minute=rate_per_minute,
        rate_burst=rate_burst,
        user_max_running=jobs.user_max_running,
        user_max_waiting=jobs.user_max_waiting,
        max_crashes=jobs.job_max_crashes,
        lease_ms=_ms(jobs.job_lease_seconds),
        retention_completed_ms=_ms(jobs.job_retention_completed_seconds),
        retention_completed_count=jobs.job_retention_completed_count,
        retention_failed_ms=_ms(jobs.job_retention_failed_seconds),
        secrets_retry_ms=_ms(jobs.secrets_retry_seconds),
        log_max_lines=jobs.job_log_max_lines,
        log_max_bytes=jobs.job_log_max_bytes,
        output_max_bytes=jobs.job_output_max_bytes,
        timeline_max=jobs.job_timeline_max,
        store_max_bytes=store.store_max_bytes or 0,
        sweep_ms=_ms(jobs.job_cleanup_interval_seconds),
        event_log_max_bytes=log.event_log_max_bytes,
        event_log_max_ms=_ms(log.event_log_max_seconds),
    )


def event_log_bytes(max_memory: int) -> int:
    """The event log's bytes where no setting names them. ``max_memory``: the server's, 0 for unlimited."""
    small = 0 < max_memory <= SMALL_SERVER_BYTES
    return EVENT_LOG_BYTES_ON_A_SMALL_SERVER if small else EVENT_LOG_BYTES


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
