from __future__ import annotations

import queue
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import pytest
import redis
from kombu.messaging import Consumer
from structlog.testing import capture_logs

from codeforge_common.queue import Bell, Broker
from codeforge_common.telemetry.metrics import RingResult, create_metrics
from codeforge_worker.consumer import RingConsumer
from tests.plugins.brokers import JOB_TYPE, OwnBroker, rings_left, take_ring
from tests.plugins.ports import free_port
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_until

ROUNDS = 30


class Ear:
    """A consumer, the rings that it has heard, and the bell with which it sends on those that it can't use."""

    def __init__(self, broker: Broker, *, types: Sequence[str] = (JOB_TYPE, "repo_analysis")) -> None:
        self.heard: queue.Queue[tuple[str, str | None]] = queue.Queue()
        self.metrics = create_metrics()
        self.bell = Bell(broker=broker, metrics=self.metrics)
        self.consumer = RingConsumer(
            broker=broker,
            types=types,
            on_ring=lambda job_type, traceparent: self.heard.put((job_type, traceparent)),
            bell=self.bell,
            metrics=self.metrics,
        )

    def start(self) -> Ear:
        self.bell.start()
        self.consumer.start()
        wait_until(lambda: self.consumer.connected and self.bell.connected, within=10, what="the connections")
        return self

    def close(self) -> None:
        self.consumer.close(timeout=30)
        self.bell.close()

    def hears(self) -> tuple[str, str | None]:
        """The next ring; fails the test when none comes."""
        return self.heard.get(timeout=10)

    def has_sent(self, rings: int) -> bool:
        return self.counted(RingResult.SENT) == rings

    def counted(self, result: RingResult) -> int:
        return int(self.metrics.registry.get_sample_value("codeforge_rings_total", {"result": result}) or 0)


StartEar = Callable[[Broker], Ear]


@pytest.fixture
def start_ear() -> Iterator[StartEar]:
    """Makes consumers that are started, and closed with the test."""
    with ExitStack() as stack:

        def start(broker: Broker) -> Ear:
            ear = Ear(broker).start()
            stack.callback(ear.close)
            return ear

        yield start


@pytest.fixture
def start_bell() -> Iterator[Callable[[Broker], Bell]]:
    """Makes bells that are started, and closed with the test."""
    with ExitStack() as stack:

        def start(broker: Broker) -> Bell:
            bell = Bell(broker=broker, metrics=create_metrics())
            stack.callback(bell.close)
            bell.start()
            return bell

        yield start


StartBell = Callable[[Broker], Bell]


# ── hearing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_ring_reaches_the_worker(broker: Broker, start_ear: StartEar, start_bell: StartBell) -> None:
    ear, bell = start_ear(broker), start_bell(broker)
    bell.ring({JOB_TYPE: 1}, traceparent="00-aa-bb-01")
    assert ear.hears() == (JOB_TYPE, "00-aa-bb-01")
    bell.ring({"repo_analysis": 1})
    assert ear.hears() == ("repo_analysis", None)


def test_a_ring_that_came_before_the_worker_is_heard(
    broker: Broker, start_ear: StartEar, start_bell: StartBell
) -> None:
    start_bell(broker).ring({JOB_TYPE: 1})
    wait_until(lambda: rings_left(broker) == 1, within=10, what="the ring in its queue")
    assert start_ear(broker).hears() == (JOB_TYPE, None)


def test_other_types_are_left_to_others(broker: Broker, start_ear: StartEar, start_bell: StartBell) -> None:
    ear, bell = start_ear(broker), start_bell(broker)
    bell.ring({"code_generation": 1})
    bell.ring({JOB_TYPE: 1})
    assert ear.hears() == (JOB_TYPE, None)
    assert rings_left(broker, "code_generation") == 1


def test_each_ring_is_heard_once(broker: Broker, start_ear: StartEar, start_bell: StartBell) -> None:
    ears, bell = [start_ear(broker) for _ in range(3)], start_bell(broker)
    for number in range(200):
        bell.ring({JOB_TYPE: 1}, traceparent=str(number))
    wait_until(lambda: sum(ear.heard.qsize() for ear in ears) >= 200, within=20, what="200 rings heard")
    assert rings_left(broker) == 0
    assert sorted(int(str(ear.hears()[1])) for ear in ears for _ in range(ear.heard.qsize())) == list(range(200))


def test_no_interval_lies_between_ring_and_worker(broker: Broker, start_ear: StartEar, start_bell: StartBell) -> None:
    """Typically 1 ms on a Redis, 2 ms on RabbitMQ; any polling interval would show."""
    ear, bell = start_ear(broker), start_bell(broker)
    took = []
    for _ in range(50):
        begun = time.perf_counter()
        bell.ring({JOB_TYPE: 1})
        ear.hears()
        took.append(time.perf_counter() - begun)
    assert statistics.median(took) < 0.025


# ── pause ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_paused_consumer_leaves_the_rings_to_others(
    broker: Broker, start_ear: StartEar, start_bell: StartBell
) -> None:
    busy, idle, bell = start_ear(broker), start_ear(broker), start_bell(broker)
    for number in range(ROUNDS):
        busy.consumer.pause()
        bell.ring({JOB_TYPE: 1}, traceparent=str(number))
        assert idle.hears() == (JOB_TYPE, str(number))
        busy.consumer.resume()
        idle.consumer.pause()
        bell.ring({JOB_TYPE: 1}, traceparent=str(number))
        assert busy.hears() == (JOB_TYPE, str(number))
        idle.consumer.resume()


def test_what_a_redis_had_handed_to_a_paused_consumer_is_sent_on(
    new_redis: Callable[..., RedisServer], start_ear: StartEar, start_bell: StartBell
) -> None:
    broker = Broker(url=new_redis().url)
    busy, bell = start_ear(broker), start_bell(broker)
    sent_on = 0
    with redis.Redis.from_url(broker.url) as client:
        for number in range(ROUNDS):
            busy.consumer.resume()
            wait_until(lambda: client.info("clients")["blocked_clients"] == 1, within=5, what="the consumer asks")
            busy.consumer.pause()
            bell.ring({JOB_TYPE: 1}, traceparent=str(number))
            wait_until(lambda: rings_left(broker) == 1, within=5, what="the ring back in its queue")
            headers = take_ring(broker).headers
            assert headers["traceparent"] == str(number)
            sent_on += headers.get("forwarded", False)
    assert busy.heard.empty()
    assert sent_on > ROUNDS - 5, "but for a request that ran out in between"


def test_one_that_stopped_at_once_would_lose_them(new_redis: Callable[..., RedisServer]) -> None:
    """Why a paused consumer stays: Kombu's own cancel leaves a request at the server, which takes a ring for it."""
    broker = Broker(url=new_redis().url)
    sender = Ear(broker)
    sender.bell.start()
    wait_until(lambda: sender.bell.connected, within=5, what="the bell's connection")
    queue_name = broker.queue(JOB_TYPE).name
    lost = 0
    with redis.Redis.from_url(broker.url) as client:
        for number in range(ROUNDS):
            with broker.connect(name="naive") as connection:
                naive = Consumer(connection.channel(), [broker.queue(JOB_TYPE)], no_ack=True, auto_declare=False)
                naive.consume()
                with pytest.raises(TimeoutError):
                    connection.drain_events(timeout=0.01)
                naive.cancel()
                sender.bell.ring({JOB_TYPE: 1})
                wait_until(partial(sender.has_sent, number + 1), within=5, what="the ring at the server")
                lost += client.llen(queue_name) == 0
            # Kombu read it while it closed the connection, and put it back.
            client.delete(queue_name)
    sender.close()
    assert lost > ROUNDS - 5


def test_a_ring_is_sent_on_only_once(
    redis_url: str, namespace: str, start_ear: StartEar, start_bell: StartBell
) -> None:
    broker = Broker(url=redis_url, namespace=namespace)
    busy, bell = start_ear(broker), start_bell(broker)
    bell.ring({JOB_TYPE: 1})
    busy.hears()

    busy.consumer.pause()
    bell.ring({JOB_TYPE: 1}, forwarded=True)

    wait_until(lambda: busy.counted(RingResult.DROPPED) == 1, within=5, what="the ring dropped")
    assert busy.counted(RingResult.FORWARDED) == 0
    assert rings_left(broker) == 0


def test_a_paused_consumer_takes_nothing(broker: Broker, start_ear: StartEar, start_bell: StartBell) -> None:
    busy, bell = start_ear(broker), start_bell(broker)
    busy.consumer.pause()
    # The first may be on its way to it, and comes back.
    bell.ring({JOB_TYPE: 10})
    wait_until(lambda: rings_left(broker) == 10, within=10, what="ten rings in their queue")
    assert busy.heard.empty()

    busy.consumer.resume()
    for _ in range(10):
        busy.hears()


def test_a_resumed_consumer_hears_at_once(broker: Broker, start_ear: StartEar, start_bell: StartBell) -> None:
    ear, bell = start_ear(broker), start_bell(broker)
    took = []
    for _ in range(20):
        ear.consumer.pause()
        ear.consumer.resume()
        begun = time.perf_counter()
        bell.ring({JOB_TYPE: 1})
        ear.hears()
        took.append(time.perf_counter() - begun)
    assert statistics.median(took) < 0.05


def test_a_consumer_may_start_paused(broker: Broker, start_bell: StartBell) -> None:
    ear = Ear(broker)
    ear.consumer.pause()
    ear.start()
    start_bell(broker).ring({JOB_TYPE: 1})
    wait_until(lambda: rings_left(broker) == 1, within=10, what="the ring in its queue")
    assert ear.heard.empty()
    ear.consumer.resume()
    ear.hears()
    ear.close()


# ── closing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_closing_consumer_loses_nothing_that_is_on_its_way(
    broker: Broker, start_ear: StartEar, start_bell: StartBell
) -> None:
    idle, bell = start_ear(broker), start_bell(broker)
    for number in range(5):
        idle.consumer.pause()
        leaving = Ear(broker).start()
        bell.ring({JOB_TYPE: 1})
        leaving.hears()

        closing = threading.Thread(target=leaving.close)
        closing.start()
        bell.ring({JOB_TYPE: 1}, traceparent=str(number))
        closing.join()
        idle.consumer.resume()
        heard = [idle.hears()] if leaving.heard.empty() else [leaving.hears()]
        assert heard == [(JOB_TYPE, str(number))]


def test_closing_waits_for_the_request_under_way_and_no_longer(broker: Broker, start_ear: StartEar) -> None:
    ear = start_ear(broker)
    ear.consumer.close(timeout=30)
    assert not ear.consumer.connected


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_never_answers_does_not_hold_a_closing_consumer(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ear = Ear(Broker(url=f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"))
        ear.consumer.start()
        begun = time.monotonic()
        ear.consumer.close()
        assert time.monotonic() - begun < 1.5


def test_a_consumer_may_be_closed_before_it_was_started() -> None:
    Ear(Broker(url=f"redis://127.0.0.1:{free_port()}")).close()


# ── a broker that fails ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("paused", [False, True])
def test_a_consumer_survives_its_broker(
    own_broker: OwnBroker, start_ear: StartEar, start_bell: StartBell, paused: bool
) -> None:
    bell = start_bell(own_broker.broker)
    wait_until(lambda: bell.connected, within=10, what="the bell's connection")
    with capture_logs() as lines:
        ear = start_ear(own_broker.broker)
        if paused:
            ear.consumer.pause()
        own_broker.stop()
        wait_until(lambda: not ear.consumer.connected, within=10, what="the outage noticed")
        own_broker.start()
        wait_until(lambda: ear.consumer.connected and bell.connected, within=20, what="the connections again")
        if paused:
            ear.consumer.resume()
        bell.ring({JOB_TYPE: 1})
        assert ear.hears() == (JOB_TYPE, None)
    told = [line["event"] for line in lines if line["connection"] == "codeforge-consumer"]
    assert told == ["broker connected", "broker lost", "broker connected"]


def test_a_queue_that_vanished_is_declared_again(
    rabbitmq_url: str, namespace: str, start_ear: StartEar, start_bell: StartBell
) -> None:
    """By the consumer itself: a quorum queue made anew before its consumers have heard of its end never serves them."""
    broker = Broker(url=rabbitmq_url, namespace=namespace)
    ear, bell = start_ear(broker), start_bell(broker)
    bell.ring({JOB_TYPE: 1})
    ear.hears()
    with capture_logs() as lines, broker.connect(name="test") as connection:
        connection.channel().queue_delete(broker.queue(JOB_TYPE).name)
        wait_until(lambda: "broker connected" in [line["event"] for line in lines], within=20, what="the consumer back")

    def heard() -> bool:
        bell.ring({JOB_TYPE: 1})
        return not ear.heard.empty()

    wait_until(heard, within=20, what="a ring")


@pytest.mark.slow
def test_a_consumer_notices_a_broker_that_fell_silent(
    own_broker: OwnBroker, start_ear: StartEar, start_bell: StartBell
) -> None:
    """No connection is closed, nothing is answered: as behind a NAT that forgot it, or after a power cut."""
    ear = start_ear(own_broker.broker)
    own_broker.freeze()
    wait_until(lambda: not ear.consumer.connected, within=45, what="the silence noticed")
    own_broker.thaw()
    wait_until(lambda: ear.consumer.connected, within=20, what="the connection again")
    start_bell(own_broker.broker).ring({JOB_TYPE: 1})
    ear.hears()


# ── what it costs the broker ─────────────────────────────────────────────────────────────────────────────────────────


def test_consumer_and_bell_take_one_connection_each_and_few_commands(
    new_redis: Callable[..., RedisServer], start_ear: StartEar
) -> None:
    server = new_redis()
    ear = start_ear(Broker(url=server.url))
    with redis.Redis.from_url(server.url, client_name="observer") as client:

        def connections() -> list[str]:
            return sorted(c["name"] for c in client.client_list() if c["name"] != "observer")

        ear.bell.ring({JOB_TYPE: 200})
        for _ in range(200):
            ear.hears()
        ear.consumer.pause()
        ear.bell.ring({JOB_TYPE: 1})
        ear.consumer.resume()
        ear.hears()
        assert connections() == ["codeforge-bell", "codeforge-consumer"]

        begun, before = time.monotonic(), client.info("stats")["total_commands_processed"]
        wait_until(lambda: time.monotonic() - begun > 5, within=60, what="five idle seconds")
        commands = client.info("stats")["total_commands_processed"] - before
        assert commands / (time.monotonic() - begun) <= 5
