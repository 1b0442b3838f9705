from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from engineio.packet import MESSAGE, Packet

from codeforge_common.event_log import EventTail, Update
from codeforge_common.telemetry.metrics import Metrics, create_metrics
from codeforge_notifier.packets import Packets
from codeforge_notifier.relay import ANSWERS_WAITING, HANDED_OUT, Relay
from tests.common.event_log.writer import Change, entry
from tests.notifier.conftest import Start
from tests.notifier.harness import WITHIN
from tests.plugins.waiting import wait_for


class Tail(EventTail):
    """A tail that has let go of the updates in ``gone``."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def holds(self, update: Update) -> bool:
        return update.cursor not in self.gone


class PlainPackets(Packets):
    """Texts that a test can read."""

    def __init__(self) -> None:
        self.text = lambda update: f"update {update.seq}"  # type: ignore[assignment]


@dataclass
class Wire:
    """Engine.IO's end of a socket: takes packets in batches, as its writer and its polls do."""

    tail: Tail = field(default_factory=Tail)
    metrics: Metrics = field(default_factory=create_metrics)
    queue: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    cut_off: int = 0
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        self.relay = Relay(
            self, tail=self.tail, packets=PlainPackets(), metrics=self.metrics, cut_off=self._count_cut_off
        )

    def _count_cut_off(self) -> None:
        self.cut_off += 1

    def take(self) -> list[str]:
        """What one poll brings."""
        batch = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
        return [packet.encode(b64=True) for packet in batch]

    def take_all(self) -> list[str]:
        taken: list[str] = []
        while not self.queue.empty():
            taken += self.take()
        return taken


def updates(*seqs: int) -> list[Update]:
    return [update for seq in seqs for update in entry(seq, Change(seq=seq)).updates]


def answer(text: str) -> Packet:
    return Packet(MESSAGE, text)


@pytest.fixture
async def wire() -> Wire:
    return Wire()


async def test_updates_leave_in_order_a_few_at_a_time(wire: Wire) -> None:
    wire.relay.deliver(updates(*range(1, 101)))
    polls = []
    while not wire.queue.empty():
        polls.append(wire.take())
    assert max(map(len, polls)) <= HANDED_OUT
    assert [text for poll in polls for text in poll] == [f"update {seq}" for seq in range(1, 101)]


async def test_an_answer_never_overtakes_a_replay_nor_an_update_an_answer(wire: Wire) -> None:
    wire.relay.deliver(updates(*range(1, 21)))
    wire.relay.answer(answer("joined"))
    wire.relay.deliver(updates(21))
    assert wire.take_all() == [*(f"update {seq}" for seq in range(1, 21)), "4joined", "update 21"]


async def test_a_ping_waits_behind_a_few_packets_only(wire: Wire) -> None:
    wire.relay.deliver(updates(*range(1, 101)))
    wire.queue.put_nowait(answer("ping"))
    assert wire.take()[-1] == "4ping"


async def test_who_falls_behind_the_tail_is_cut_off_and_what_waited_forgotten(wire: Wire) -> None:
    first, *others = updates(*range(1, 101))
    wire.relay.deliver([first, *others])
    wire.tail.gone = {update.cursor for update in others[:HANDED_OUT]}
    wire.relay.deliver(updates(101))
    assert wire.cut_off == 1
    wire.relay.deliver(updates(102))
    wire.relay.answer(answer("too late"))
    assert wire.cut_off == 1
    assert wire.take_all() == [f"update {seq}" for seq in range(1, HANDED_OUT + 1)], (
        "after a gap nothing may come: the client would never ask for what it missed"
    )


async def test_who_is_slow_but_within_the_tail_is_waited_for(wire: Wire) -> None:
    wire.relay.deliver(updates(*range(1, 101)))
    wire.tail.gone = {update.cursor for update in updates(*range(1, HANDED_OUT + 1))}
    wire.relay.deliver(updates(101))
    assert wire.cut_off == 0
    assert len(wire.take_all()) == 101


async def test_who_asks_without_reading_the_answers_is_cut_off(wire: Wire) -> None:
    for _ in range(HANDED_OUT + ANSWERS_WAITING):
        wire.relay.answer(answer("refused"))
    assert wire.cut_off == 0
    wire.relay.answer(answer("refused"))
    assert wire.cut_off == 1


async def test_who_reads_the_answers_may_ask_for_ever(wire: Wire) -> None:
    for _ in range(5 * ANSWERS_WAITING):
        wire.relay.answer(answer("refused"))
        wire.take()
    assert wire.cut_off == 0


async def test_only_what_is_younger_than_the_socket_counts_as_delivered_live(wire: Wire) -> None:
    live = entry(1, Change(), ms=int(asyncio.get_running_loop().time()) + 4_000_000_000_000).updates
    wire.relay.deliver([*updates(1, 2), *live])
    wire.take_all()
    samples = {sample.name: sample.value for family in wire.metrics.registry.collect() for sample in family.samples}
    assert samples["codeforge_events_sent_total"] == 3
    assert samples["codeforge_event_delivery_seconds_count"] == 1


async def test_a_client_that_stops_reading_is_cut_off_and_costs_the_others_nothing(start: Start) -> None:
    notifier = await start(event_log_max_bytes=64 * 1024)
    neighbour = await notifier.connect(auth={"userId": "ada"})
    await neighbour.ask("join:user", "ada")
    stuck = await notifier.connect(auth={"userId": "ada"})
    await stuck.ask("join:user", "ada")
    transport = stuck.socket.eio.ws.get_extra_info("socket")
    assert transport is not None
    stuck.socket.eio.ws._conn.transport.pause_reading()

    filler = (("result", "x" * 16_000),)
    seqs = 0
    while notifier.metric("codeforge_sockets") == 2:
        seqs += 1
        assert seqs < 3000, "it was never cut off"
        await notifier.append(seqs, also=filler)

    await neighbour.has(*range(1, seqs + 1))
    assert not neighbour.disconnects
    stuck.socket.eio.ws._conn.transport.resume_reading()
    await wait_for(lambda: bool(stuck.disconnects), within=WITHIN, what="its end")
    assert stuck.seqs == list(range(1, len(stuck.seqs) + 1)), "what it got was in order and without a gap"
