from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from codeforge_common.errors import StoreUnavailable
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker import availability
from codeforge_worker.availability import Availability


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "FIRST_PAUSE_SECONDS", 0)


async def test_it_asks_until_there_is_an_answer_and_says_each_change_once() -> None:
    readiness = Readiness()
    watched = Availability(readiness)
    answers = iter([StoreUnavailable("It is away.")] * 20 + [None])

    async def ask() -> str:
        if trouble := next(answers):
            raise trouble
        return "answer"

    with capture_logs() as lines:
        assert await watched.until_answered("claim", ask) == "answer"
    assert [(line["event"], line["check"]) for line in lines] == [("not ready yet", "store"), ("ready", "store")]


def test_the_store_is_away_while_any_kind_of_call_fails() -> None:
    readiness = Readiness()
    watched = Availability(readiness)
    watched.failed("claim", StoreUnavailable("no memory"))
    watched.answered("renew")
    assert readiness.report()[1]["store"] == {"ok": False, "detail": "no memory"}
    watched.answered("claim")
    assert readiness.report()[1]["store"]["ok"]


async def test_what_is_no_outage_is_raised() -> None:
    async def ask() -> None:
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        await Availability(Readiness()).until_answered("claim", ask)
