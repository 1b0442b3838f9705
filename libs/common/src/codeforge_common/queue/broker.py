"""The server that carries the rings: its address, its options, its queues."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from codeforge_common.settings import BrokerSettings

RING_LIFETIME_SECONDS = 60
"""A ring that nobody has heard for so long is of no use any more: the job was found by a worker's own look."""
RINGS_KEPT = 1000
"""Rings that wait here for the broker, and in an AMQP queue for a worker; beyond that they are dropped."""
CHECK_SECONDS = 5.0
"""How long a bell that nobody rings waits before it asks whether the broker is still there."""
BRPOP_SECONDS = 0.8
"""How long a Redis lets one request for a ring wait: five commands in four seconds of an idle worker, which may send
five a second in all, and as long to close, for which a consumer has a second."""
CONNECT_SECONDS = 3.0
"""How long a broker may take to accept a connection."""
ANSWER_SECONDS = 5.0
"""How long a broker may take to answer."""

# A connection whose peer is gone (a NAT that forgot it, a machine that lost power) is noticed within 25 s.
_KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}

_REDIS_OPTIONS: Mapping[str, Any] = {
    # Nothing is acknowledged, so nothing has to be restored: no sweeps, and no second connection for them.
    "ack_emulation": False,
    # One list for a queue instead of one for each priority.
    "priority_steps": [0],
    "polling_interval": BRPOP_SECONDS,
    "max_connections": 1,
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_keepalive": True,
    "socket_keepalive_options": _KEEPALIVE,
    "health_check_interval": CHECK_SECONDS,
}
_AMQP_OPTIONS: Mapping[str, Any] = {
    "confirm_publish": True,
    "read_timeout": ANSWER_SECONDS,
    "write_timeout": ANSWER_SECONDS,
    "socket_settings": _KEEPALIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The server that carries the rings, and how bell and consumer speak to it.

    ``url``: ``redis://``, ``rediss://``, ``sentinel://h1:26379,h2/0?master=name`` or ``amqp://``; other parameters in
    it are ignored. ``tls_verify`` (``full`` or ``none``) and ``tls_ca`` (a PEM file) count for ``rediss://``.
    """

    url: str
    namespace: str = "codeforge"
    tls_verify: str = "full"
    tls_ca: Path | None = None

    @classmethod
    def of(cls, settings: BrokerSettings) -> Broker:
        """The broker that the settings name."""
        return cls(
            url=settings.broker_url,
            namespace=settings.store_namespace,
            tls_verify=settings.redis_tls_verify,
            tls_ca=settings.redis_tls_ca,
        )

    @property
    def pushes(self) -> bool:
        """Whether the broker pushes rings to its consumers (AMQP); a Redis is asked for each one."""
        return self.url.startswith("amqp:")

    def connect(self, *, name: str) -> Connection:
        """An open connection, called ``name`` in the broker's lists. Raises whatever Kombu's transport raises."""
        if self.pushes:
            options = {**_AMQP_OPTIONS, "client_properties": {"connection_name": name}}
            connection = Connection(
                self.url,
                connect_timeout=CONNECT_SECONDS,
                # Twice the time after which both of our ends say something anyway.
                heartbeat=2 * CHECK_SECONDS,
                transport_options=options,
            )
        else:
            url, more = self._redis_address()
            options = {**_REDIS_OPTIONS, **more, "client_name": name}
            connection = Connection(url, ssl=self._tls(), transport_options=options)
        # Retries are ours: Kombu's sleep where nothing can wake them.
        connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
        return connection

    def queue(self, type: str) -> Queue:
        """The queue of a job type. Whoever sends or consumes declares it: a ring to an undeclared one is dropped.

        It hangs on the default exchange, which needs no binding that could be lost. Redis knows no lifetime of a
        message, but one of a queue, counted from its last ring.
        """
        name = f"{self.namespace}.ring.{type}"
        if self.pushes:
            return Queue(
                name,
                Exchange(""),
                routing_key=name,
                message_ttl=RING_LIFETIME_SECONDS,
                max_length=RINGS_KEPT,
                queue_arguments={"x-queue-type": "quorum"},
            )
        return Queue(name, Exchange(""), routing_key=name, expires=RING_LIFETIME_SECONDS)

    def type_of(self, queue_name: str) -> str:
        """The job type whose queue has this name."""
        return queue_name.removeprefix(f"{self.namespace}.ring.")

    def _redis_address(self) -> tuple[str, dict[str, Any]]:
        """The address as Kombu spells it, and the transport options that go with it."""
        url = urlsplit(self.url)
        if url.scheme != "sentinel":
            return url._replace(query="").geturl(), {}
        credentials, at, hosts = url.netloc.rpartition("@")
        each = (f"sentinel://{credentials}{at}{host}{url.path}" for host in hosts.split(","))
        return ";".join(each), {"master_name": parse_qs(url.query)["master"][0]}

    def _tls(self) -> Mapping[str, Any] | None:
        if not self.url.startswith("rediss:"):
            return None
        verify = self.tls_verify == "full"
        options: dict[str, Any] = {
            "ssl_cert_reqs": ssl.CERT_REQUIRED if verify else ssl.CERT_NONE,
            "ssl_check_hostname": verify,
        }
        if self.tls_ca is not None:
            options["ssl_ca_certs"] = str(self.tls_ca)
        return options
