"""From an address to a client of the server: the only place where connections to the store are configured."""

from __future__ import annotations

import socket
import ssl
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from codeforge_common.errors import ConfigurationError

ANSWER_SECONDS = 5.0
"""How long the server may take to answer before it counts as away."""

_KEEPALIVE = {
    option: value
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if (option := getattr(socket, name, None)) is not None
}


def connect(
    url: str,
    *,
    max_connections: int = 2,
    timeout: float | None = ANSWER_SECONDS,
    tls_verify: str = "full",
    tls_ca: str | None = None,
) -> Redis:
    """A client for ``redis://``, ``rediss://`` or ``sentinel://h1:p,h2:p/0?master=name``; it connects when first used.

    ``timeout`` is in seconds, for connecting and for each answer; None waits for ever (blocking reads).
    ``tls_verify``: ``full`` or ``none``. The client never repeats a command: redis-py would do so up to ten times, for
    scripts that must not be repeated as well; the one retry loop is the store's. Raises ConfigurationError.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": ANSWER_SECONDS if timeout is None else timeout,
        "socket_keepalive": True,
        "socket_keepalive_options": _KEEPALIVE,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "decode_responses": False,
    }
    parts = urlsplit(url)
    if parts.scheme == "sentinel":
        return _by_sentinel(url, options, max_connections=max_connections, timeout=timeout)
    if parts.scheme == "rediss":
        options["ssl_cert_reqs"] = ssl.CERT_NONE if tls_verify == "none" else ssl.CERT_REQUIRED
        options["ssl_check_hostname"] = tls_verify != "none"
        options["ssl_ca_certs"] = tls_ca
    elif parts.scheme != "redis":
        raise ConfigurationError(f"REDIS_URL: {parts.scheme}:// is not redis://, rediss:// or sentinel://.")
    try:
        pool = BlockingConnectionPool.from_url(url, max_connections=max_connections, timeout=timeout, **options)
    except ValueError as error:
        raise ConfigurationError("REDIS_URL is not an address of a server.") from error
    return Redis(connection_pool=pool)


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Waits for a free connection, as the other pool does, and closes those to the sentinels with its own."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


def _by_sentinel(url: str, options: dict[str, Any], *, max_connections: int, timeout: float | None) -> Redis:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2]
    try:
        sentinels = [
            (host or "localhost", int(port or 26379))
            for host, _, port in (place.partition(":") for place in hosts.split(","))
        ]
        (master,) = parse_qs(parts.query)["master"]
        database = int(parts.path.strip("/") or 0)
    except (KeyError, ValueError) as error:
        raise ConfigurationError("REDIS_URL: a sentinel address reads sentinel://h1:26379,h2/0?master=name.") from error
    finder = Sentinel(sentinels, sentinel_kwargs=options)  # type: ignore[no-untyped-call]  # redis-py has no types here
    client: Redis = finder.master_for(
        master,
        connection_pool_class=_SentinelPool,
        db=database,
        username=parts.username,
        password=parts.password,
        max_connections=max_connections,
        timeout=timeout,
        **options,
    )
    return client
