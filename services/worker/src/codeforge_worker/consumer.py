"""The worker's ear: hears rings in a thread of its own, and only while the worker has a free slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from kombu.asynchronous.hub import Hub, Stop
from kombu.connection import Connection
from kombu.messaging import Consumer

from codeforge_common.queue import Bell, Broker, Link
from codeforge_common.queue.broker import CHECK_SECONDS
from codeforge_common.telemetry.metrics import Metrics, RingResult


class RingConsumer:
    """Calls ``on_ring(job type, traceparent)``, in its own thread, for each ring that comes while it listens.

    A paused consumer asks the broker for no more rings, but stays for those that are on their way: a Redis may have
    taken one from the queue for it already. It sends each on, once, for a worker with a free slot; one that was sent
    on before is dropped, so that no ring goes round and round among busy workers. ``on_ring`` must not raise.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        types: Sequence[str],
        on_ring: Callable[[str, str | None], None],
        bell: Bell,
        metrics: Metrics,
    ) -> None:
        self._broker = broker
        self._types = types
        self._on_ring = on_ring
        self._bell = bell
        self._metrics = metrics
        self._listening = True
        self._session: _Session | None = None
        self._link = Link(
            broker=broker, name="codeforge-consumer", serve=self._serve, failed=lambda: None, wake=self._wake
        )

    @property
    def connected(self) -> bool:
        """Whether the consumer is connected to the broker. For readiness."""
        return self._link.connected

    def start(self) -> None:
        """Starts the thread that connects and listens; returns at once."""
        self._link.start()

    def pause(self) -> None:
        """Asks for no more rings: no slot is free. From any thread; returns at once."""
        self._listening = False
        self._wake()

    def resume(self) -> None:
        """Listens again. From any thread; returns at once."""
        self._listening = True
        self._wake()

    def close(self, *, timeout: float = 1.0) -> None:
        """Pauses, waits for what is on its way and disconnects; gives up after ``timeout`` seconds."""
        self._listening = False
        self._link.close(timeout=timeout)

    def _wake(self) -> None:
        if (session := self._session) is not None:
            session.wake()

    def _serve(self, connection: Connection) -> None:
        session = _Session(
            connection=connection,
            queues=[self._broker.queue(name) for name in self._types],
            pushes=self._broker.pushes,
            on_message=self._heard,
            listening=lambda: self._listening,
            closing=self._link.closing.is_set,
        )
        self._session = session
        try:
            session.run()
        finally:
            self._session = None

    def _heard(self, message: Any) -> None:
        name = self._broker.type_of(message.delivery_info["routing_key"])
        traceparent = message.headers.get("traceparent")
        if self._listening:
            self._on_ring(name, traceparent)
        elif message.headers.get("forwarded"):
            self._metrics.rings.labels(result=RingResult.DROPPED).inc()
        else:
            self._bell.ring({name: 1}, traceparent=traceparent, forwarded=True)


class _Session:
    """One connection's time on Kombu's event loop, which waits in the poller: no interval between ring and callback."""

    def __init__(
        self,
        *,
        connection: Connection,
        queues: Sequence[Any],
        pushes: bool,
        on_message: Callable[[Any], None],
        listening: Callable[[], bool],
        closing: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._pushes = pushes
        self._listening = listening
        self._closing = closing
        self._running = True
        self._hub = Hub()
        self._hub.propagate_errors = (Exception,)  # type: ignore[assignment]  # of timers; Kombu's is an empty tuple
        self._consumer = Consumer(
            # On a Redis there is nothing to declare, and the question for the queue's length would take a second
            # connection.
            connection.channel(),
            queues,
            no_ack=True,
            auto_declare=pushes,
            on_message=on_message,
        )
        connection.register_with_event_loop(self._hub)
        # With Redis, what sends the next BRPOP at each turn of the loop; nothing with AMQP.
        self._requests = frozenset(self._hub.on_tick)
        self._hub.call_repeatedly(CHECK_SECONDS, connection.heartbeat_check)

    def wake(self) -> None:
        """Makes the loop look at what is wanted. From any thread."""
        self._hub.call_soon(self._turn)

    def run(self) -> None:
        """Hears rings until closed. Raises when the connection fails."""
        with closing(self._hub):
            self.wake()
            try:
                self._hub.run_forever()
            finally:
                self._running = False
                # Waits for the answer to a request under way, and delivers the ring that it may bring.
                self._connection.release()

    def _turn(self) -> None:
        if not self._running:
            return
        if self._closing():
            raise Stop
        if self._listening():
            self._consumer.consume()
            self._hub.on_tick.update(self._requests)
        else:
            self._hub.on_tick.clear()
            # Where rings are requested one by one, a cancelled consumer couldn't take the one that may still come.
            if self._pushes:
                self._consumer.cancel()
