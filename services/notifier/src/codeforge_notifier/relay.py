"""What goes to one socket: updates and answers, in order, at the speed at which its client takes them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engineio.packet import MESSAGE, Packet

from codeforge_common.event_log import EventTail, Update
from codeforge_common.telemetry.metrics import Metrics
from codeforge_notifier.packets import Packets

HANDED_OUT = 8
"""Packets given to the transport at a time: a ping must not wait behind a long replay, and python-socketio's client
takes no more than 16 packets from one poll."""

ANSWERS_WAITING = 500
"""Answers that may wait for a client that doesn't read them and goes on asking."""


class Relay:
    """One socket's queue. What waits here is the tail's own memory, as long as the tail still holds it.

    A client that falls behind the tail, or doesn't read its answers, is cut off: it comes back, and replays or resets.
    """

    def __init__(
        self, socket: Any, *, tail: EventTail, packets: Packets, metrics: Metrics, cut_off: Callable[[], None]
    ) -> None:
        """``socket``: Engine.IO's, whose queue the transport empties. ``cut_off`` must end the connection."""
        self._socket = socket
        self._tail = tail
        self._packets = packets
        self._metrics = metrics
        self._cut_off = cut_off
        self._waiting: deque[Update | Packet] = deque()
        self._answers_waiting = 0
        self._handed_out = 0
        self._closed = False
        self._since_ms = time.time() * 1000

    def deliver(self, updates: Sequence[Update]) -> None:
        """Takes updates in the log's order."""
        oldest = next((waiting for waiting in self._waiting if isinstance(waiting, Update)), None)
        if oldest is not None and not self._tail.holds(oldest):
            self._give_up()
        self._take(updates)

    def answer(self, packet: Packet) -> None:
        """Takes what the server itself says: it must not overtake a replay."""
        if self._answers_waiting >= ANSWERS_WAITING:
            self._give_up()
        self._answers_waiting += 1
        self._take([packet])

    def _take(self, outgoing: Iterable[Update | Packet]) -> None:
        # A client that gets something after what was forgotten would take that for all, and never ask for the rest.
        if not self._closed:
            self._waiting.extend(outgoing)
            self._hand_out()

    def close(self) -> None:
        """Forgets what waits, and whatever comes."""
        self._closed = True
        self._waiting.clear()

    def _give_up(self) -> None:
        if not self._closed:
            self.close()
            self._cut_off()

    def _hand_out(self) -> None:
        while self._waiting and self._handed_out < HANDED_OUT:
            outgoing = self._waiting.popleft()
            self._answers_waiting -= isinstance(outgoing, Packet)
            self._handed_out += 1
            self._socket.queue.put_nowait(_Outgoing(self, outgoing))

    def write(self, outgoing: Update | Packet, *, b64: bool) -> str | bytes:
        """The text of what the transport is about to send; there is room for another one then."""
        self._handed_out -= 1
        self._hand_out()
        if isinstance(outgoing, Packet):
            written: str | bytes = outgoing.encode(b64=b64)
            return written
        self._metrics.events_sent.inc()
        if outgoing.at_ms >= self._since_ms:  # else a replay, whose age says nothing about us
            self._metrics.event_delivery_seconds.observe(max(0.0, time.time() - outgoing.at_ms / 1000))
        return self._packets.text(outgoing)


class _Outgoing(Packet):  # type: ignore[misc]  # engineio has no types
    """A packet that is written when it leaves: Engine.IO calls ``encode`` once, right before."""

    def __init__(self, relay: Relay, outgoing: Update | Packet) -> None:
        super().__init__(MESSAGE)
        self._relay = relay
        self._outgoing = outgoing

    def encode(self, b64: bool = False) -> str | bytes:
        return self._relay.write(self._outgoing, b64=b64)
