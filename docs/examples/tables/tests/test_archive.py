"""The async handler with a table service in this process."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from acme_tables.archive import table_archive

from codeforge_common.testing import run

TABLE = b"city,fruit\nRome,fig\n" * 5000


class Service(BaseHTTPRequestHandler):
    """Has one table, ``sales``, for who has the key; is always busy with another one."""

    archive: dict[str, bytes]

    def do_GET(self) -> None:
        if self.path == "/tables/busy.csv":
            self._answer(503, Retry_After="7")
        elif self.path != "/tables/sales.csv":
            self._answer(404)
        elif self.headers["Authorization"] != "Bearer sesame":
            self._answer(401)
        else:
            self._answer(200, TABLE)

    def do_PUT(self) -> None:
        self.archive[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201)

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What the table service was given to keep."""
    Service.archive = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.setenv("TABLES_URL", f"http://127.0.0.1:{server.server_port}")
        yield Service.archive
        server.shutdown()


def test_a_table_is_packed_and_stored(archive: dict[str, bytes]) -> None:
    told = run(table_archive, context={"table": "sales", "apiKey": "sesame"})
    packed = archive["/archive/sales.csv.gz"]
    assert gzip.decompress(packed) == TABLE
    assert told.result == {"table": "sales", "bytes": len(packed)}
    assert told.logs == ["Downloading 100,000 bytes"]
    assert told.progress[-3:] == [(60, "Downloading"), (60, "Packing"), (80, "Storing")]


def test_a_busy_service_is_asked_again_when_it_says(archive: dict[str, bytes]) -> None:
    told = run(table_archive, context={"table": "busy"})
    assert (told.status, told.retry_after) == ("delayed", 7)
    assert archive == {}


def test_a_table_that_does_not_exist_fails_for_good(archive: dict[str, bytes]) -> None:
    told = run(table_archive, context={"table": "nothing"})
    assert (told.status, told.failed_reason) == ("failed", "no_such_table: There is no table of this name.")
    assert archive == {}
