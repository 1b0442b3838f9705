"""``/healthz``, ``/readyz`` and ``/metrics`` on a port and a thread of their own.

Of their own, because a service whose event loop is busy or stuck is just the one that has to be looked at.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any, NamedTuple

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from codeforge_common.errors import ConfigurationError
from codeforge_common.telemetry.readiness import Readiness

__all__ = ["Answer", "ProbeServer", "Readiness", "healthz", "metrics", "readyz"]

INHERITED = "fd://"
"""What ``METRICS_HOST`` begins with when it names a socket: ``fd://7`` is descriptor 7, which listens already and which
whoever started this process passed on (the notation is gunicorn's)."""

STOP_SECONDS = 0.1
"""How long a stop may go unnoticed by the listening thread."""

_log = structlog.get_logger(__name__)


class Answer(NamedTuple):
    """What a probe answers, for any kind of server."""

    status: int
    content_type: str
    body: bytes


def healthz(*, alive: bool = True) -> Answer:
    """Liveness: 200 while the process is worth keeping, else 503."""
    return _json(200 if alive else 503, {"status": "ok" if alive else "failed"})


def readyz(readiness: Readiness) -> Answer:
    """Readiness: 200 when every check is good, else 503; both say what each check found."""
    ready, checks = readiness.report()
    return _json(200 if ready else 503, {"status": "ok" if ready else "failed", "checks": checks})


def metrics(registry: CollectorRegistry, *, accept: str = "") -> Answer:
    """Every metric in the format that the ``Accept`` header asks for: OpenMetrics or Prometheus text."""
    encode, content_type = choose_encoder(accept)
    return Answer(200, content_type, encode(registry))


def _json(status: int, body: Any) -> Answer:
    return Answer(status, "application/json", json.dumps(body, default=str).encode())


class ProbeServer:
    """Serves the probes until it is stopped. ``alive`` is asked at each ``/healthz``, in the probe's own thread."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        registry: CollectorRegistry,
        readiness: Readiness,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        """``port`` 0 takes a free one. It says nothing where ``host`` is an inherited socket, ``fd://7``.

        :raises ConfigurationError: when the address can't be listened on.
        """
        routes: dict[str, Callable[[str], Answer]] = {
            "/healthz": lambda accept: healthz(alive=alive()),
            "/readyz": lambda accept: readyz(readiness),
            "/metrics": lambda accept: metrics(registry, accept=accept),
        }
        try:
            self._server = _Server((host, port), routes)
        except OSError as error:
            raise ConfigurationError(f"METRICS_PORT: {host}:{port} can't be listened on: {error.strerror}") from None
        self.port: int = self._server.server_address[1]
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": STOP_SECONDS}, name="probe", daemon=True
        )

    def start(self) -> None:
        """Begins to answer, and logs where."""
        self._thread.start()
        _log.info("probes listen", host=self._server.server_address[0], port=self.port)

    def stop(self) -> None:
        """Ends the listening; the port is free afterwards, unless whoever passed it on still has it.

        Answers under way are not waited for.
        """
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], routes: dict[str, Callable[[str], Answer]]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0].removeprefix(INHERITED) else socket.AF_INET
        self.routes = routes
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Binds without the look-up of the machine's name in HTTPServer, which waits for a DNS that may be away."""
        host = str(self.server_address[0])
        if not host.startswith(INHERITED):
            TCPServer.server_bind(self)
            return
        self.socket.close()
        self.socket = _inherited(host)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Logs what went wrong with one request, mostly a client that hung up; the next one is served."""
        _log.debug("a probe wasn't answered", exc_info=True)


def _inherited(host: str) -> socket.socket:
    try:
        listener = socket.socket(fileno=int(host.removeprefix(INHERITED)))
    except (OSError, OverflowError, ValueError):
        raise ConfigurationError(f"METRICS_HOST: {host} is no socket that this process inherited") from None
    listener.set_inheritable(False)  # what this process starts has no use for it
    return listener


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5.0
    """Seconds after which a client that says nothing loses its thread."""

    def do_GET(self) -> None:
        route = self.server.routes.get(self.path.partition("?")[0])
        answer = _json(404, {"status": "not found"}) if route is None else route(self.headers.get("Accept", ""))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_HEAD = do_GET  # noqa: N815 (the name that http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: something asks every other second."""
