"""The sender of rings."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kombu.connection import Connection
from kombu.messaging import Producer

from codeforge_common.queue.broker import ANSWER_SECONDS, CHECK_SECONDS, RINGS_KEPT, Broker
from codeforge_common.queue.link import Link
from codeforge_common.telemetry.metrics import Metrics, RingResult

BATCH = 256
"""Rings that leave together, in one round trip where the broker allows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ring:
    type: str
    traceparent: str | None
    forwarded: bool

    @property
    def headers(self) -> dict[str, Any]:
        headers: dict[str, Any] = {"forwarded": True} if self.forwarded else {}
        return headers if self.traceparent is None else {**headers, "traceparent": self.traceparent}


class Bell:
    """Sends rings from one thread, in gathered batches. ``ring`` never blocks and never raises.

    A ring that can't be sent is counted and forgotten: an idle worker's own look, or the reaper, finds the job.
    """

    def __init__(self, *, broker: Broker, metrics: Metrics) -> None:
        self._broker = broker
        self._metrics = metrics
        self._waiting: deque[_Ring] = deque()
        self._changed = threading.Condition()
        self._link = Link(
            broker=broker, name="codeforge-bell", serve=self._serve, failed=self._forget, wake=self._notify
        )

    @property
    def connected(self) -> bool:
        """Whether the broker answered when it was last asked, at most some seconds ago. For readiness."""
        return self._link.connected

    def start(self) -> None:
        """Starts the thread that connects and sends; returns at once."""
        self._link.start()

    def ring(self, rings: Mapping[str, int], *, traceparent: str | None = None, forwarded: bool = False) -> None:
        """Queues ``rings`` (job type → how many) for sending, from any thread. What is too much is dropped.

        ``traceparent`` (W3C) travels along for a link. ``forwarded``: a worker without a free slot sends it on.
        """
        if not any(rings.values()):
            return  # as most calls of a busy worker: its thread is left asleep
        dropped = 0
        with self._changed:
            for name, count in rings.items():
                taken = min(count, RINGS_KEPT - len(self._waiting))
                ring = _Ring(type=name, traceparent=traceparent, forwarded=forwarded)
                self._waiting.extend(itertools.repeat(ring, taken))
                dropped += count - taken
            self._changed.notify()
        self._count(RingResult.DROPPED, dropped)

    def close(self, *, timeout: float = 2.0) -> None:
        """Sends what waits and disconnects; gives up after ``timeout`` seconds."""
        self._link.close(timeout=timeout)
        self._forget()

    def _serve(self, connection: Connection) -> None:
        producer = Producer(self._channel(connection))
        while True:
            if batch := self._gather():
                self._send(producer, batch)
            elif self._link.closing.is_set():
                return
            else:
                self._check(producer.channel)

    def _channel(self, connection: Connection) -> Any:
        channel = connection.channel()
        if not self._broker.pushes:
            # Kombu tries a new Redis channel with a PING, on a connection that only a consumer uses again.
            channel.client.connection_pool.disconnect()
        return channel

    def _gather(self) -> Sequence[_Ring]:
        """The rings that wait; none when none came in time or the bell closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._link.closing.is_set(), CHECK_SECONDS)
            return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _send(self, producer: Producer, batch: Sequence[_Ring]) -> None:
        try:
            with producer.batch():
                for ring in batch:
                    queue = self._broker.queue(ring.type)
                    producer.publish(
                        b"",
                        content_type="application/octet-stream",
                        content_encoding="binary",
                        headers=ring.headers,
                        routing_key=queue.name,
                        declare=[queue],
                        confirm_timeout=ANSWER_SECONDS,
                    )
        except Exception:
            self._count(RingResult.FAILED, len(batch))
            raise
        forwarded = sum(ring.forwarded for ring in batch)
        self._count(RingResult.FORWARDED, forwarded)
        self._count(RingResult.SENT, len(batch) - forwarded)

    def _check(self, channel: Any) -> None:
        """Asks the broker for a sign of life; raises when there is none. On AMQP it is the heartbeat, too."""
        if self._broker.pushes:
            channel.basic_qos(0, 1, False)
        else:
            with channel.conn_or_acquire() as client:
                client.ping()

    def _forget(self) -> None:
        with self._changed:
            forgotten = len(self._waiting)
            self._waiting.clear()
        self._count(RingResult.FAILED, forgotten)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify()

    def _count(self, result: RingResult, rings: int) -> None:
        if rings:
            self._metrics.rings.labels(result=result).inc(rings)
