from __future__ import annotations

import re
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from codeforge_common.secrets import Redactor
from codeforge_common.settings import TelemetrySettings
from codeforge_common.telemetry import tracing
from codeforge_common.telemetry.tracing import Tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Bench:
    """Tracing whose spans stay in memory."""

    def __init__(self, *, ratio: float = 1.0, secrets: tuple[str, ...] = ()) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracing = Tracing(
            TelemetrySettings(otel_traces_sampler_arg=ratio),
            service="worker",
            redactor=Redactor(secrets),
            processor=SimpleSpanProcessor(self.exporter),
        )

    def only(self) -> ReadableSpan:
        (span,) = self.exporter.get_finished_spans()
        return span


def ids(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def test_a_jobs_trace_goes_on_from_the_submit_over_its_traceparent() -> None:
    bench = Bench()
    submit = bench.tracing.span("POST /api/jobs/agent-task", kind=SpanKind.SERVER)
    with submit, bench.tracing.send("agent_task", job_id="job_1"):
        stored = tracing.traceparent()
    with bench.tracing.process("agent_task", job_id="job_1", attempt=2, parent=stored):
        pass
    send, request, process = bench.exporter.get_finished_spans()
    assert {ids(span)[0] for span in (send, request, process)} == {ids(request)[0]}
    assert process.parent is not None
    assert process.parent.span_id == ids(send)[1]
    assert (send.name, send.kind) == ("send agent_task", SpanKind.PRODUCER)
    assert (process.name, process.kind) == ("process agent_task", SpanKind.CONSUMER)
    assert process.attributes == {
        "messaging.system": "codeforge",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "agent_task",
        "messaging.message.id": "job_1",
        "codeforge.job.attempt": 2,
    }


def test_the_rings_traceparent_is_only_a_link() -> None:
    bench = Bench()
    with bench.tracing.span("ring of another job"):
        ring = tracing.traceparent()
    bench.exporter.clear()
    with bench.tracing.process("agent_task", job_id="job_1", attempt=1, parent=PARENT, ring=ring):
        assert tracing.trace_id() == PARENT.split("-")[1]
    span = bench.only()
    assert ring is not None
    assert [format(link.context.span_id, "016x") for link in span.links] == [ring.split("-")[2]]


def test_a_job_without_a_traceparent_begins_a_trace_of_its_own() -> None:
    bench = Bench()
    with bench.tracing.span("the loop that claimed"), bench.tracing.process("t", job_id="j", attempt=1, parent=None):
        pass
    process, loop = bench.exporter.get_finished_spans()
    assert process.parent is None
    assert ids(process)[0] != ids(loop)[0]


@pytest.mark.parametrize("text", [None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", PARENT[:-4]])
def test_what_is_no_traceparent_begins_a_new_trace(text: str | None) -> None:
    bench = Bench()
    with bench.tracing.process("t", job_id="j", attempt=1, parent=text, ring=text):
        pass
    assert bench.only().parent is None
    assert bench.only().links == ()


def test_a_traceparent_is_a_string_of_the_w3cs_form() -> None:
    assert tracing.traceparent() is None
    assert tracing.trace_id() is None
    with Bench().tracing.span("x"):
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]", tracing.traceparent() or "")
        assert tracing.trace_id() == (tracing.traceparent() or "").split("-")[1]


@pytest.mark.parametrize(("ratio", "parent", "kept"), [(0, None, 0), (0, PARENT, 1), (1, PARENT[:-1] + "0", 0)])
def test_the_caller_decides_what_is_sampled_and_else_the_ratio(ratio: float, parent: str | None, kept: int) -> None:
    bench = Bench(ratio=ratio)
    with bench.tracing.span("x", parent=parent):
        assert tracing.traceparent() is not None
    assert len(bench.exporter.get_finished_spans()) == kept


def test_without_a_collector_spans_have_ids_and_are_not_recorded() -> None:
    quiet = Tracing(TelemetrySettings(otel_exporter_otlp_endpoint=None), service="gateway", redactor=Redactor())
    with quiet.span("x") as span:
        assert not span.is_recording()
        assert tracing.trace_id() is not None
    quiet.shutdown()


def test_below_a_span_that_isnt_recorded_sending_has_none_of_its_own() -> None:
    bench = Bench(ratio=0)
    with bench.tracing.span("POST /api/jobs/agent-task"):
        request = tracing.traceparent()
        with bench.tracing.send("agent_task", job_id="job_1"):
            assert tracing.traceparent() == request
    with bench.tracing.span("update") as update, bench.tracing.send("socket", job_id="job_1", parent=PARENT) as send:
        assert send.get_span_context().trace_id != update.get_span_context().trace_id
    with bench.tracing.send("agent_task", job_id="job_1") as alone:
        assert alone.get_span_context().is_valid


def test_a_span_names_its_service() -> None:
    bench = Bench()
    with bench.tracing.span("x"):
        pass
    assert bench.only().resource.attributes["service.name"] == "codeforge-worker"


def test_nothing_of_a_secret_is_in_an_exported_span() -> None:
    secret = "hunter2-and-more"
    bench = Bench(secrets=(secret,))

    def fail() -> None:
        with bench.tracing.span(f"clone {secret}", attributes={"url": f"x/{secret}", "n": 1}) as span:
            span.set_attribute("list", [secret, "ok"])
            span.add_event(f"event {secret}", {"detail": secret})
            span.add_link(span.get_span_context(), {"why": secret})
            raise RuntimeError(f"git said {secret}")

    with pytest.raises(RuntimeError):
        fail()
    span = bench.only()
    assert secret not in span.to_json()
    assert span.name == "clone [redacted]"
    assert span.attributes == {"url": "x/[redacted]", "n": 1, "list": ["[redacted]", "ok"]}
    assert [event.name for event in span.events] == ["event [redacted]", "exception"]
    assert dict(span.events[1].attributes or {})["exception.message"] == "git said [redacted]"
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "RuntimeError: git said [redacted]"


def test_spans_reach_a_collector_over_otlp() -> None:
    received: dict[str, bytes] = {}

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        settings = TelemetrySettings(otel_exporter_otlp_endpoint=f"http://127.0.0.1:{server.server_port}/")
        sending = Tracing(settings, service="worker", redactor=Redactor(["hunter2"]))
        with sending.send("agent_task hunter2", job_id="job_1"):
            pass
        sending.shutdown(timeout=10)
        thread.join(10)
    assert list(received) == ["/v1/traces"]
    assert b"send agent_task [redacted]" in received["/v1/traces"]
    assert b"codeforge-worker" in received["/v1/traces"]


def test_a_stop_waits_for_the_collector_no_longer_than_told() -> None:
    class Stuck(SpanProcessor):
        """A processor whose collector doesn't answer."""

        freed = Event()

        def shutdown(self) -> None:
            self.freed.wait(30)

    stuck = Stuck()
    stopping = Tracing(TelemetrySettings(), service="worker", redactor=Redactor(), processor=stuck)
    started = time.monotonic()
    stopping.shutdown(timeout=0.05)
    assert time.monotonic() - started < 5
    stuck.freed.set()
