from __future__ import annotations

import pytest

from codeforge_common.event_log.cursor import BEFORE_ALL, WHOLE, Cursor, EntryId


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("1795502868123-0:3", Cursor(EntryId(1795502868123, 0), 3)),
        ("1795502868123-7", Cursor(EntryId(1795502868123, 7), WHOLE)),
        ("0", Cursor(BEFORE_ALL, WHOLE)),
    ],
)
def test_what_a_server_gave_out_is_read(text: str, cursor: Cursor) -> None:
    assert Cursor.parse(text) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "-1",
        "1-",
        "1-2:",
        "1-2:-3",
        "1-2:3:4",
        " 1-2",
        "1-2\n",
        "+1-2",
        "1_000-2",
        "1e3-2",
        "١-٢",  # digits to Python's int(), but of no server
        "$",
        "(1-2",
        "1-2; FLUSHALL",
        "9" * 5000 + "-1",
        "1-2:" + "9" * 5000,
    ],
)
def test_what_no_server_gave_out_is_refused(text: str) -> None:
    assert Cursor.parse(text) is None


def test_an_entry_id_reads_back_as_it_was_written() -> None:
    assert str(EntryId.from_bytes(b"1795502868123-4")) == "1795502868123-4"
