"""Steps and batches need no server of ours either: without a worker, steps aren't kept."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from acme_tables.publish import table_publish
from acme_tables.size import table_size

from codeforge_common.handler import Fail, JobContext


class Service(BaseHTTPRequestHandler):
    """Writes a report, keeps what is published, and knows the size of one table."""

    published: dict[str, str]

    def do_GET(self) -> None:
        self._answer(200 if self.path in self.published else 404, self.published.get(self.path, ""))

    def do_POST(self) -> None:
        if self.path == "/sizes":
            self._answer(200, json.dumps([7 if name == "sales" else None for name in json.loads(self._body())]))
        else:
            self._answer(200, f"On {self.path}")

    def do_PUT(self) -> None:
        self.published[self.path] = json.dumps({"says": self._body()})
        self._answer(200, self.published[self.path])

    def _body(self) -> str:
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What has been published at the service."""
    Service.published = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("TABLES_URL", f"http://127.0.0.1:{server.server_port}")
        yield Service.published
        server.shutdown()


class Told(list[Any]):
    """What the handler told, in order."""

    def progress(self, percent: float, stage: str | None) -> None:
        self.append((percent, stage))

    def log(self, text: str) -> None:
        self.append(text)

    def output(self, text: str) -> None:
        self.append(text)


def job(table: str, told: Told) -> JobContext:
    return JobContext(
        job_id="job_1",
        type="table_publish",
        user_id="ada",
        session_id="s1",
        user_message="Publish it",
        agent_type=None,
        context={"table": table},
        secrets={},
        attempt=1,
        attempts_max=3,
        created_at=datetime.now(UTC),
        sink=told,
        scratch=Path("unused"),
    )


def test_a_report_is_shown_and_published(published: dict[str, str]) -> None:
    told = Told()
    result = asyncio.run(table_publish(job("sales", told)))
    assert result == {"says": "On /reports/sales"}
    assert "".join(told) == "On /reports/sales"
    assert list(published) == ["/publications/job_1:publish"]


def test_what_an_earlier_attempt_has_published_stays(published: dict[str, str]) -> None:
    published["/publications/job_1:publish"] = '{"says":"earlier"}'
    assert asyncio.run(table_publish(job("sales", Told()))) == {"says": "earlier"}


@pytest.mark.usefixtures("published")
def test_each_job_of_a_batch_has_its_own_answer() -> None:
    size, none = asyncio.run(table_size([job("sales", Told()), job("nothing", Told())]))
    assert size == {"rows": 7}
    assert isinstance(none, Fail)
