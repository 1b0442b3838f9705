"""Steps over the death of a worker, and a batch."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from acme_tables.publish import table_publish
from acme_tables.size import table_size

from codeforge_common.testing import AfterStep, BeforeKept, Job, again, run, run_batch


class Service(BaseHTTPRequestHandler):
    """Writes a report, keeps what is published, and knows the size of one table."""

    published: dict[str, str]
    reports: list[str]

    def do_GET(self) -> None:
        self._answer(200 if self.path in self.published else 404, self.published.get(self.path, ""))

    def do_POST(self) -> None:
        if self.path == "/sizes":
            self._answer(200, json.dumps([7 if name == "sales" else None for name in json.loads(self._body())]))
        else:
            self.reports.append(self.path)
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


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What has been published at the service."""
    Service.published, Service.reports = {}, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.setenv("TABLES_URL", f"http://127.0.0.1:{server.server_port}")
        yield Service.published
        server.shutdown()


def test_a_report_is_shown_and_published(published: dict[str, str]) -> None:
    told = run(table_publish, context={"table": "sales"})
    assert told.result == {"says": "On /reports/sales"}
    assert told.output == "On /reports/sales"
    assert list(published) == [f"/publications/{told.job.id}:publish"]


def test_a_worker_that_dies_after_the_report_costs_no_second_one() -> None:
    told = run(table_publish, context={"table": "sales"}, crash=AfterStep("report"))
    assert (told.status, told.steps) == ("waiting", {"report": "On /reports/sales"})
    Service.reports.clear()

    told = again(told)
    assert told.result == {"says": "On /reports/sales"}
    assert (told.effects, Service.reports) == ({"publish": "made"}, [])


def test_a_worker_that_dies_over_the_publication_publishes_once(published: dict[str, str]) -> None:
    told = run(table_publish, context={"table": "sales"}, crash=BeforeKept("publish"))
    assert (len(published), told.effects) == (1, {"publish": "made"})

    told = again(told)
    assert (len(published), told.effects) == (1, {"publish": "found"})
    assert told.output == "On /reports/sales"


def test_each_job_of_a_batch_has_its_own_answer() -> None:
    jobs = [Job(context={"table": "sales"}), Job(context={"table": "nothing"})]
    size, none = run_batch(table_size, jobs)
    assert size.result == {"rows": 7}
    assert none.failed_reason == "no_such_table: There is no such table."
