from __future__ import annotations

from threading import Thread

import pytest
from structlog.testing import capture_logs

from codeforge_common.telemetry.readiness import SETTLING_SECONDS, Readiness


def test_a_named_check_is_bad_until_it_reports() -> None:
    readiness = Readiness(["store", "broker"])
    assert readiness.report() == (
        False,
        {"store": {"ok": False, "detail": "not yet known"}, "broker": {"ok": False, "detail": "not yet known"}},
    )
    readiness.set("store", ok=True, detail="3 connections")
    assert not readiness.report()[0]
    readiness.set("broker", ok=True)
    assert readiness.report() == (
        True,
        {"store": {"ok": True, "detail": "3 connections"}, "broker": {"ok": True, "detail": None}},
    )


def test_one_bad_check_is_enough() -> None:
    readiness = Readiness()
    assert readiness.report() == (True, {})
    readiness.set("store", ok=True)
    readiness.set("memory", ok=False, detail={"used": 99})
    assert readiness.report()[0] is False


def test_one_line_is_logged_for_a_change_and_none_for_a_try() -> None:
    readiness = Readiness(["store"])
    with capture_logs() as lines:
        for _ in range(3):
            readiness.set("store", ok=False, detail="refused")
        for _ in range(3):
            readiness.set("store", ok=True)
        for _ in range(3):
            readiness.set("store", ok=False, detail="timed out")
        readiness.set("broker", ok=True)
        readiness.set("memory", ok=False)
    assert [(line["event"], line["check"]) for line in lines] == [
        ("ready", "store"),
        ("not ready", "store"),
        ("not ready yet", "memory"),
    ]


@pytest.mark.parametrize("named", [[], ["broker"]])
def test_a_check_that_is_bad_at_the_start_is_a_warning_only_when_it_stays_so(named: list[str]) -> None:
    now = 100.0
    readiness = Readiness(named, clock=lambda: now)
    with capture_logs() as lines:
        readiness.set("broker", ok=False)
        now += SETTLING_SECONDS - 1
        readiness.set("broker", ok=False)
        assert all(line["log_level"] == "info" for line in lines)
        now += 1
        for _ in range(3):
            readiness.set("broker", ok=False)
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["not ready"]


def test_a_healthy_start_warns_of_nothing_and_what_goes_later_is_a_warning_each_time() -> None:
    readiness = Readiness()
    with capture_logs() as lines:
        for ok in (False, True, False, False, True, False):
            readiness.set("broker", ok=ok)
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("not ready yet", "info"),
        ("ready", "info"),
        ("not ready", "warning"),
        ("ready", "info"),
        ("not ready", "warning"),
    ]


def test_a_detail_shows_no_credential() -> None:
    readiness = Readiness()
    readiness.set("store", ok=False, detail="redis://:hunter2@store:6379 refused")
    assert "hunter2" not in str(readiness.report())


def test_checks_may_be_set_from_many_threads_while_they_are_read() -> None:
    readiness = Readiness()

    def report(thread: int) -> None:
        for number in range(200):
            readiness.set(f"check {thread}.{number}", ok=True)

    threads = [Thread(target=report, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert readiness.report()[0]
    assert len(readiness.report()[1]) == 800
