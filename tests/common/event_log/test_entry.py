from __future__ import annotations

import json

import msgpack
import pytest

from codeforge_common.event_log.entry import UnreadableEntry, decode
from tests.common.event_log.writer import GOLDEN, Change, packed


def fields(e: bytes) -> dict[bytes, bytes]:
    return {b"n": b"7", b"at": b"5000", b"e": e}


def test_an_update_is_the_golden_one_with_its_cursor() -> None:
    golden = json.loads(GOLDEN.read_text())
    change = Change(user=golden["userId"], session=golden["sessionId"], job=golden["jobId"], seq=golden["seq"])

    entry = decode(b"1795502868123-0", fields(packed([change])))

    assert (entry.n, entry.at) == (7, 5000)
    (update,) = entry.updates
    assert json.loads(update.json) == golden
    assert update.cursor == golden["cursor"]
    assert (update.user_id, update.session_id, update.job_id, update.seq) == (
        golden["userId"],
        golden["sessionId"],
        golden["jobId"],
        golden["seq"],
    )
    assert update.at_ms == 1795502868123
    assert update.traceparent is None


def test_each_update_of_an_entry_has_a_cursor_of_its_own() -> None:
    entry = decode(b"5-1", fields(packed([Change(job="a"), Change(job="b", traceparent="00-ab-cd-01")])))
    assert [(update.job_id, update.cursor) for update in entry.updates] == [("a", "5-1:0"), ("b", "5-1:1")]
    assert entry.updates[1].traceparent == "00-ab-cd-01"


def test_a_character_that_was_cut_costs_nobody_an_update() -> None:
    cut = b'"' + "é".encode()[:1] + b'"'
    rows = msgpack.packb([[Change().row()[0], cut, None, None]], use_bin_type=False)
    (update,) = decode(b"5-1", fields(rows)).updates
    assert json.loads(update.json)["logs"] == ["\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("e", [b"", b"\xc1", msgpack.packb([["too", "short"]]), msgpack.packb(7)])
def test_an_entry_of_another_version_keeps_its_number_and_has_no_updates(e: bytes) -> None:
    entry = decode(b"5-1", fields(e))
    assert (entry.n, entry.updates) == (7, ())


@pytest.mark.parametrize("strange", [{}, {b"n": b"1"}, {b"n": b"x", b"at": b"1", b"e": b"\x90"}])
def test_what_is_no_entry_is_said_to_be_none(strange: dict[bytes, bytes]) -> None:
    with pytest.raises(UnreadableEntry):
        decode(b"5-1", strange)
