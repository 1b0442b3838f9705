from __future__ import annotations

from codeforge_common.event_log.cursor import START, WHOLE, Cursor, Position
from codeforge_common.event_log.memory import Memory
from codeforge_common.event_log.update import Audience, AudienceKind
from tests.common.event_log.writer import Change, entry

ADA = Audience(AudienceKind.USER, "ada")
SESSION = Audience(AudienceKind.SESSION, "s1")
JOB = Audience(AudienceKind.JOB, "job_1")


def cursor(text: str) -> Cursor:
    parsed = Cursor.parse(text)
    assert parsed is not None
    return parsed


def filled(count: int, *, max_bytes: int = 1_000_000) -> Memory:
    return Memory([entry(n, Change(seq=n)) for n in range(1, count + 1)], max_bytes=max_bytes)


def test_an_audience_has_its_updates_in_order() -> None:
    memory = Memory(max_bytes=1_000_000)
    memory.append(entry(1, Change(job="job_1"), Change(user="bob", session="s2", job="job_2")))
    memory.append(entry(2, Change(job="job_3"), Change(job="job_1", seq=2)))

    assert [placed.update.job_id for placed in memory.after(ADA, START)] == ["job_1", "job_3", "job_1"]
    assert [placed.update.seq for placed in memory.after(JOB, START)] == [1, 2]
    assert [placed.update.job_id for placed in memory.after(ADA, Position(2, 0))] == ["job_1"]
    assert memory.after(Audience(AudienceKind.USER, "nobody"), START) == []
    assert memory.newest_of(SESSION) == Position(2, 1)
    assert memory.newest_of(Audience(AudienceKind.JOB, "ada")) is None, "kinds are kept apart"


def test_only_the_very_next_entry_follows() -> None:
    memory = Memory(max_bytes=1_000_000)
    assert memory.follows(entry(1)), "an empty log begins with 1"
    assert not memory.follows(entry(5)), "entries 1 to 4 were missed"
    memory.append(entry(1))
    assert memory.follows(entry(2))
    assert not memory.follows(entry(1))
    assert not memory.follows(entry(3))


def test_the_oldest_go_when_there_are_too_many_bytes_and_nothing_is_left_of_them() -> None:
    memory = filled(10, max_bytes=3000)
    assert [placed.update.seq for placed in memory.after(ADA, START)] == [7, 8, 9, 10]
    assert memory.begin == Position(6, WHOLE)

    memory.append(entry(11, Change(user="bob", session="s2", job="job_2"), at=1_000_000))
    assert memory.after(ADA, START) == []
    assert memory.newest_of(JOB) is None
    assert memory.begin == Position(10, WHOLE)


def test_a_cursor_is_good_only_while_its_very_entry_is_here() -> None:
    memory = Memory([entry(n, Change(), Change(job="job_2")) for n in range(5, 9)], max_bytes=1_000_000)
    known = str(entry(6).id)

    assert memory.position(cursor(known)) == Position(6, WHOLE)
    assert memory.position(cursor(f"{known}:1")) == Position(6, 1)
    assert memory.position(cursor(f"{known}:2")) is None, "the entry has two updates"
    assert memory.position(cursor(str(entry(4).id))) is None
    assert memory.position(cursor(str(entry(6, ms=7).id))) is None, "between two entries stands nothing"
    assert memory.position(cursor("0")) is None, "entries 1 to 4 are missing"


def test_the_empty_logs_cursor_is_good_until_the_first_entry_is_dropped() -> None:
    empty = cursor("0")
    assert Memory(max_bytes=1).position(empty) == START
    assert filled(3).position(empty) == START
    assert filled(10, max_bytes=3000).position(empty) is None


def test_it_knows_which_updates_it_still_holds() -> None:
    first = entry(1, Change())
    memory = Memory([first], max_bytes=3000)
    assert memory.holds(first.updates[0])
    for n in range(2, 10):
        memory.append(entry(n, Change()))
    assert not memory.holds(first.updates[0])
