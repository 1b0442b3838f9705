from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest
from structlog.testing import capture_logs

from codeforge_common.errors import ConfigurationError
from codeforge_common.telemetry import probe
from codeforge_common.telemetry.metrics import create_metrics
from codeforge_common.telemetry.probe import ProbeServer
from codeforge_common.telemetry.readiness import Readiness


class Bench:
    """A probe server with what it shows."""

    def __init__(self) -> None:
        self.readiness = Readiness(["store"])
        self.metrics = create_metrics()
        self.alive = True
        self.server = ProbeServer(
            host="127.0.0.1",
            port=0,
            registry=self.metrics.registry,
            readiness=self.readiness,
            alive=self.is_alive,
        )

    def is_alive(self) -> bool:
        return self.alive

    def ask(self, path: str, *, method: str = "GET", accept: str = "") -> tuple[HTTPResponse, bytes]:
        return self.ask_at(self.server.port, path, method=method, accept=accept)

    @staticmethod
    def ask_at(port: int, path: str, *, method: str = "GET", accept: str = "") -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request(method, path, headers={"Accept": accept})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.server.start()
    yield bench
    bench.server.stop()


def test_healthz_says_whether_the_process_lives(bench: Bench) -> None:
    response, body = bench.ask("/healthz")
    assert (response.status, json.loads(body)) == (200, {"status": "ok"})
    bench.alive = False
    response, body = bench.ask("/healthz?now")
    assert (response.status, json.loads(body)) == (503, {"status": "failed"})


def test_readyz_shows_each_check(bench: Bench) -> None:
    response, body = bench.ask("/readyz")
    assert response.status == 503
    bench.readiness.set("store", ok=True, detail="14 of 20 connections")
    response, body = bench.ask("/readyz")
    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == {
        "status": "ok",
        "checks": {"store": {"ok": True, "detail": "14 of 20 connections"}},
    }


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text")],
)
def test_metrics_come_in_the_format_that_was_asked_for(bench: Bench, accept: str, content_type: str) -> None:
    response, body = bench.ask("/metrics", accept=accept)
    assert response.status == 200
    assert response.headers["Content-Type"].startswith(content_type)
    assert b'codeforge_jobs{state="waiting",type="agent_task"} 0' in body
    assert body.endswith(b"# EOF\n") == (content_type != "text/plain")


def test_head_is_answered_without_a_body_and_other_paths_with_404(bench: Bench) -> None:
    response, body = bench.ask("/healthz", method="HEAD")
    assert (response.status, body) == (200, b"")
    assert bench.ask("/")[0].status == 404


async def test_a_blocked_event_loop_can_still_be_looked_at(bench: Bench) -> None:
    assert bench.ask("/healthz")[0].status == 200  # the loop of this test stands still while it asks


def test_a_client_that_hangs_up_or_says_nothing_holds_nobody_up(bench: Bench) -> None:
    with socket.create_connection(("127.0.0.1", bench.server.port)) as silent:
        with socket.create_connection(("127.0.0.1", bench.server.port)) as rude:
            rude.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert bench.ask("/healthz")[0].status == 200
        silent.close()


def test_the_port_that_was_taken_is_logged() -> None:
    bench = Bench()
    with capture_logs() as lines:
        bench.server.start()
        bench.server.stop()
    assert lines == [{"event": "probes listen", "log_level": "info", "host": "127.0.0.1", "port": bench.server.port}]


def test_a_stop_frees_the_port_and_may_come_before_the_start() -> None:
    bench = Bench()
    bench.server.stop()
    again = ProbeServer(
        host="127.0.0.1", port=bench.server.port, registry=bench.metrics.registry, readiness=bench.readiness
    )
    again.start()
    again.stop()


def test_a_port_in_use_is_a_clear_error(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match=rf"^METRICS_PORT: 127\.0\.0\.1:{bench.server.port} "):
        ProbeServer(
            host="127.0.0.1", port=bench.server.port, registry=bench.metrics.registry, readiness=bench.readiness
        )


def test_an_inherited_socket_is_answered_on_and_stays_with_whoever_passed_it_on(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        theirs = os.dup(ours.fileno())  # the descriptor that a process gets from the one that starts it
        os.set_inheritable(theirs, True)
        server = ProbeServer(host=f"fd://{theirs}", port=1, registry=bench.metrics.registry, readiness=bench.readiness)
        assert server.port == ours.getsockname()[1]
        assert not os.get_inheritable(theirs)
        server.start()
        assert Bench.ask_at(server.port, "/healthz")[0].status == 200
        server.stop()
        with socket.create_connection(ours.getsockname(), timeout=5):
            pass  # it can still be reached, by whoever is started next


@pytest.mark.parametrize("descriptor", ["", "seven", "-1", "1048570", "9" * 30])
def test_a_descriptor_that_wasnt_inherited_is_a_clear_error(bench: Bench, descriptor: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^METRICS_HOST: fd://{descriptor} is no socket"):
        ProbeServer(host=f"fd://{descriptor}", port=0, registry=bench.metrics.registry, readiness=bench.readiness)


def test_a_server_of_any_kind_can_answer_the_same(bench: Bench) -> None:
    assert probe.healthz() == (200, "application/json", b'{"status": "ok"}')
    assert probe.readyz(bench.readiness).status == 503
    assert b"codeforge_workers_alive" in probe.metrics(bench.metrics.registry).body
