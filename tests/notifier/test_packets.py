from __future__ import annotations

import json
import time

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from codeforge_common.event_log import Update
from codeforge_common.secrets import Redactor
from codeforge_common.settings import TelemetrySettings
from codeforge_common.telemetry.tracing import Tracing
from codeforge_notifier.packets import Packets
from tests.common.event_log.writer import GOLDEN, Change, entry

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def packets() -> tuple[Packets, InMemorySpanExporter]:
    spans = InMemorySpanExporter()
    tracing = Tracing(
        TelemetrySettings(), service="notifier", redactor=Redactor(), processor=SimpleSpanProcessor(spans)
    )
    return Packets(tracing=tracing), spans


def update(*, age_seconds: float = 0, traceparent: str | None = None) -> Update:
    ms = int((time.time() - age_seconds) * 1000)
    return entry(1, Change(traceparent=traceparent), ms=ms).updates[0]


def test_the_text_is_a_socketio_event_with_the_golden_shape() -> None:
    text = packets()[0].text(update())
    assert text.startswith("42[")
    name, body = json.loads(text[2:])
    assert name == "job:update"
    assert list(body) == list(json.loads(GOLDEN.read_text()))


def test_an_update_is_written_once_and_leaves_one_span_in_its_jobs_trace() -> None:
    made, spans = packets()
    one = update(traceparent=TRACEPARENT)
    assert made.text(one) is made.text(one)
    (span,) = spans.get_finished_spans()
    assert span.name == "send job:update"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.attributes is not None
    assert span.attributes["messaging.message.id"] == one.job_id


def test_a_replay_and_an_untraced_job_leave_none() -> None:
    made, spans = packets()
    made.text(update(traceparent=TRACEPARENT, age_seconds=60))
    made.text(update())
    assert spans.get_finished_spans() == ()
