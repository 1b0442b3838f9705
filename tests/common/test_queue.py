from __future__ import annotations

import datetime
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kombu.connection import Connection
from kombu.messaging import Producer
from structlog.testing import capture_logs

from codeforge_common.queue import Bell, Broker
from codeforge_common.queue.broker import RING_LIFETIME_SECONDS, RINGS_KEPT
from codeforge_common.settings import BrokerSettings
from codeforge_common.telemetry.metrics import Metrics, RingResult, create_metrics
from tests.plugins.brokers import JOB_TYPE, OwnBroker, headers_of, rings_left, take_ring
from tests.plugins.ports import free_port
from tests.plugins.program import ProgramFailed
from tests.plugins.redis_server import RedisServer
from tests.plugins.sentinel import Sentinel
from tests.plugins.waiting import wait_until

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

RingBell = Callable[[Broker], Bell]


@pytest.fixture
def metrics() -> Metrics:
    return create_metrics()


@pytest.fixture
def start_bell(metrics: Metrics) -> Iterator[RingBell]:
    """Makes bells that are started, and closed with the test."""
    bells: list[Bell] = []

    def start(broker: Broker) -> Bell:
        bell = Bell(broker=broker, metrics=metrics)
        bells.append(bell)
        bell.start()
        return bell

    yield start
    for bell in bells:
        bell.close()


def counted(metrics: Metrics, result: RingResult) -> int:
    return int(metrics.registry.get_sample_value("codeforge_rings_total", {"result": result}) or 0)


def all_counted(metrics: Metrics) -> int:
    return sum(counted(metrics, result) for result in RingResult)


# ── what arrives ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_ring_lies_in_the_queue_of_its_type(broker: Broker, start_bell: RingBell, metrics: Metrics) -> None:
    start_bell(broker).ring({JOB_TYPE: 2}, traceparent=TRACEPARENT)

    wait_until(lambda: counted(metrics, RingResult.SENT) == 2, within=10, what="two rings sent")
    assert rings_left(broker) == 2
    assert rings_left(broker, "repo_analysis") == 0
    ring = take_ring(broker)
    assert headers_of(ring) == {"traceparent": TRACEPARENT}
    assert not ring.body
    assert broker.type_of(ring.delivery_info["routing_key"]) == JOB_TYPE


def test_a_ring_that_is_sent_on_says_so(broker: Broker, start_bell: RingBell, metrics: Metrics) -> None:
    start_bell(broker).ring({JOB_TYPE: 1}, forwarded=True)

    wait_until(lambda: counted(metrics, RingResult.FORWARDED) == 1, within=10, what="the ring sent on")
    assert headers_of(take_ring(broker)) == {"forwarded": True}
    assert counted(metrics, RingResult.SENT) == 0


def test_what_waits_is_sent_before_the_bell_closes(broker: Broker, metrics: Metrics) -> None:
    bell = Bell(broker=broker, metrics=metrics)
    bell.start()
    wait_until(lambda: bell.connected, within=10, what="the connection")
    bell.ring({JOB_TYPE: 100})
    bell.close(timeout=5)
    assert rings_left(broker) == 100


def test_many_threads_may_ring(broker: Broker, start_bell: RingBell, metrics: Metrics) -> None:
    bell = start_bell(broker)

    def ring_often() -> None:
        for _ in range(40):
            bell.ring({JOB_TYPE: 1})

    threads = [threading.Thread(target=ring_often) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_until(lambda: counted(metrics, RingResult.SENT) == 800, within=20, what="800 rings sent")
    assert rings_left(broker) == 800


def test_rings_run_out(redis_url: str, namespace: str, start_bell: RingBell, metrics: Metrics) -> None:
    broker = Broker(url=redis_url, namespace=namespace)
    start_bell(broker).ring({JOB_TYPE: 1})
    wait_until(lambda: counted(metrics, RingResult.SENT) == 1, within=10, what="the ring sent")

    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.pttl(broker.queue(JOB_TYPE).name) <= RING_LIFETIME_SECONDS * 1000
    arguments: Any = Broker(url="amqp://localhost").queue(JOB_TYPE)
    assert (arguments.message_ttl, arguments.max_length) == (RING_LIFETIME_SECONDS, RINGS_KEPT)
    assert arguments.queue_arguments == {"x-queue-type": "quorum"}


# ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rings_for_a_redis_leave_in_batches_and_for_rabbitmq_one_by_one(broker: Broker) -> None:
    """Kombu falls back to one by one without a word: on AMQP always."""
    with broker.connect(name="test") as connection:
        assert Producer(connection.channel()).supports_batch_publish is not broker.pushes


@pytest.mark.parametrize("option", ["retry_on_timeout", "retry_on_error", "retry"])
def test_what_would_silently_switch_batches_off(redis_url: str, option: str) -> None:
    """Whoever adds one of these to the options of the transport sends one by one."""
    with Connection(redis_url, transport_options={option: [TimeoutError]}) as connection:
        assert not Producer(connection).supports_batch_publish


def test_a_batch_is_one_round_trip(new_redis: Callable[..., RedisServer], metrics: Metrics) -> None:
    server = new_redis()
    bell = Bell(broker=Broker(url=server.url), metrics=metrics)
    bell.ring({JOB_TYPE: 200})
    with redis.Redis.from_url(server.url) as client:
        before = client.info("stats")["total_reads_processed"]
        bell.start()
        wait_until(lambda: counted(metrics, RingResult.SENT) == 200, within=10, what="200 rings sent")
        # 400 commands, of which the server reads 16 KiB at once.
        assert client.info("stats")["total_reads_processed"] - before < 100
    bell.close()


# ── a broker that fails ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bell_needs_no_broker(metrics: Metrics, start_bell: RingBell) -> None:
    """100,000 rings to a dead broker: none blocks, none raises, each is counted, and memory stays bounded."""
    bell = start_bell(Broker(url=f"redis://127.0.0.1:{free_port()}"))
    bell.ring({JOB_TYPE: 1})
    wait_until(lambda: counted(metrics, RingResult.FAILED) == 1, within=10, what="the first attempt")
    slowest = 0.0
    tracemalloc.start()
    for number in range(100_000):
        begun = time.perf_counter()
        bell.ring({JOB_TYPE: 1}, traceparent=str(number))
        slowest = max(slowest, time.perf_counter() - begun)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    bell.close()

    assert slowest < 2, "less than any timeout"
    assert peak < 4 * 1024 * 1024, "kept, they would take 12 MB"
    assert all_counted(metrics) == 100_001
    assert counted(metrics, RingResult.SENT) == 0
    assert not bell.connected


def test_one_call_may_ask_for_more_than_there_is_room_for(metrics: Metrics) -> None:
    bell = Bell(broker=Broker(url="redis://127.0.0.1:1"), metrics=metrics)
    bell.ring({JOB_TYPE: RINGS_KEPT + 5})
    bell.ring({JOB_TYPE: 0, "repo_analysis": 1})
    assert counted(metrics, RingResult.DROPPED) == 6


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_silent_broker_blocks_neither_ring_nor_close(metrics: Metrics, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bell = Bell(broker=Broker(url=f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"), metrics=metrics)
        bell.start()
        begun = time.monotonic()
        bell.ring({JOB_TYPE: 10})
        bell.close(timeout=0.5)
        assert time.monotonic() - begun < 1
        assert counted(metrics, RingResult.FAILED) == 10


def test_a_bell_survives_its_broker(own_broker: OwnBroker, start_bell: RingBell, metrics: Metrics) -> None:
    with capture_logs() as lines:
        bell = start_bell(own_broker.broker)
        wait_until(lambda: bell.connected, within=10, what="the connection")
        bell.ring({JOB_TYPE: 1})
        wait_until(lambda: counted(metrics, RingResult.SENT) == 1, within=10, what="a ring before")

        own_broker.stop()
        wait_until(lambda: not bell.connected, within=10, what="the outage noticed without a ring")
        bell.ring({JOB_TYPE: 1})
        wait_until(lambda: counted(metrics, RingResult.FAILED) == 1, within=10, what="a ring failed")

        own_broker.start()
        wait_until(lambda: bell.connected, within=20, what="the connection again")
        bell.ring({JOB_TYPE: 1})
        wait_until(lambda: counted(metrics, RingResult.SENT) == 2, within=10, what="a ring after")
    assert take_ring(own_broker.broker) is not None
    assert [line["event"] for line in lines] == ["broker connected", "broker lost", "broker connected"]


def test_a_broker_that_falls_silent_costs_its_rings_and_no_more(
    own_broker: OwnBroker, start_bell: RingBell, metrics: Metrics
) -> None:
    bell = start_bell(own_broker.broker)
    wait_until(lambda: bell.connected, within=10, what="the connection")
    own_broker.freeze()
    bell.ring({JOB_TYPE: 3})
    wait_until(lambda: counted(metrics, RingResult.FAILED) == 3, within=15, what="the rings given up")
    own_broker.thaw()
    wait_until(lambda: bell.connected, within=20, what="the connection again")


# ── addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_broker_comes_from_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://store:6380/1")
    monkeypatch.setenv("REDIS_TLS_VERIFY", "none")
    monkeypatch.setenv("STORE_NAMESPACE", "team-a")
    broker = Broker.of(BrokerSettings())
    assert broker == Broker(url="rediss://store:6380/1", namespace="team-a", tls_verify="none")
    assert broker.queue(JOB_TYPE).name == "team-a.ring.agent_task"


@pytest.mark.parametrize("database", ["", "/0", "/3"])
def test_credentials_and_database_come_from_the_address(
    new_redis: Callable[..., RedisServer], start_bell: RingBell, metrics: Metrics, database: str
) -> None:
    server = new_redis()
    with redis.Redis.from_url(server.url) as client:
        client.acl_setuser("ringer", enabled=True, passwords=["+p@ss;word/1"], keys=["*"], commands=["+@all"])
    url = f"redis://ringer:p%40ss%3Bword%2F1@127.0.0.1:{server.port}{database}"

    start_bell(Broker(url=url + "?protocol=3")).ring({JOB_TYPE: 1})

    wait_until(lambda: counted(metrics, RingResult.SENT) == 1, within=10, what="the ring sent")
    with redis.Redis.from_url(server.url, db=int(database[1:] or 0)) as client:
        assert client.llen(Broker(url=url).queue(JOB_TYPE).name) == 1


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@pytest.fixture
def tls_redis(new_redis: Callable[..., RedisServer], tmp_path: Path) -> tuple[str, Path]:
    """The ``rediss://`` address of a server with a self-signed certificate, and that certificate."""
    certificate_file, key_file = certificate(tmp_path)
    port = free_port()
    try:
        new_redis(
            *("--tls-port", str(port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(certificate_file), "--tls-key-file", str(key_file)),
        )
    except ProgramFailed as failure:
        pytest.skip(f"the server can't speak TLS: {failure}")
    return f"rediss://127.0.0.1:{port}", certificate_file


def test_tls_with_an_authority(tls_redis: tuple[str, Path], start_bell: RingBell) -> None:
    url, authority = tls_redis
    bell = start_bell(Broker(url=url, tls_ca=authority))
    wait_until(lambda: bell.connected, within=10, what="the connection")


def test_tls_without_verification(tls_redis: tuple[str, Path], start_bell: RingBell) -> None:
    bell = start_bell(Broker(url=tls_redis[0], tls_verify="none"))
    wait_until(lambda: bell.connected, within=10, what="the connection")


def test_tls_refuses_a_certificate_that_nobody_vouches_for(
    tls_redis: tuple[str, Path], start_bell: RingBell, metrics: Metrics
) -> None:
    with capture_logs() as lines:
        bell = start_bell(Broker(url=tls_redis[0]))
        bell.ring({JOB_TYPE: 1})
        wait_until(lambda: counted(metrics, RingResult.FAILED) == 1, within=10, what="the refusal")
    assert not bell.connected
    assert "CERTIFICATE_VERIFY_FAILED" in lines[0]["error"]


@pytest.mark.slow
def test_a_sentinel_names_the_server(sentinel: Sentinel, start_bell: RingBell, metrics: Metrics) -> None:
    """The bell follows a failover."""
    broker = Broker(url=sentinel.url)
    bell = start_bell(broker)
    bell.ring({JOB_TYPE: 1})
    wait_until(lambda: counted(metrics, RingResult.SENT) == 1, within=10, what="the ring sent")
    with redis.Redis.from_url(sentinel.primary.url) as client:
        assert client.llen(broker.queue(JOB_TYPE).name) == 1

    sentinel.primary.kill()

    def heard_by_the_replica() -> bool:
        bell.ring({"repo_analysis": 1})
        try:
            with redis.Redis.from_url(sentinel.replica.url) as client:
                return bool(client.llen(broker.queue("repo_analysis").name))
        except redis.ConnectionError:  # a sentinel cuts the clients of the server that it promotes
            return False

    wait_until(heard_by_the_replica, within=30, what="a ring at the promoted replica")
