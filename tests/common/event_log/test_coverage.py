from __future__ import annotations

from codeforge_common.event_log.coverage import Coverage
from codeforge_common.event_log.cursor import WHOLE, Position
from codeforge_common.event_log.update import Audience, AudienceKind

ADA = Audience(AudienceKind.USER, "ada")
SESSION = Audience(AudienceKind.SESSION, "s1")


def given(coverage: Coverage, upto: int, *audiences: Audience) -> list[int]:
    return [n for n in range(1, upto + 1) if coverage.includes(Position(n, 0), audiences)]


def after(n: int) -> Position:
    return Position(n, WHOLE)


def test_a_joined_audience_is_complete_after_its_position() -> None:
    coverage = Coverage()
    assert given(coverage, 5, ADA) == []
    coverage.open(ADA, since=after(2))
    assert given(coverage, 5, ADA) == [3, 4, 5]
    assert given(coverage, 5, SESSION) == []
    assert given(coverage, 5, SESSION, ADA) == [3, 4, 5], "one audience of an update is enough"


def test_the_update_that_a_cursor_names_is_seen_but_was_not_given() -> None:
    coverage = Coverage()
    coverage.open(ADA, since=Position(2, 0))
    assert not coverage.includes(Position(2, 0), [ADA])
    assert coverage.includes(Position(2, 1), [ADA])


def test_a_join_from_further_back_widens_and_a_later_one_takes_nothing_back() -> None:
    coverage = Coverage()
    coverage.open(ADA, since=after(3))
    coverage.open(ADA, since=after(1))
    coverage.open(ADA, since=after(4))
    assert given(coverage, 6, ADA) == [2, 3, 4, 5, 6]


def test_what_was_given_before_a_leave_stays_given() -> None:
    coverage = Coverage()
    coverage.open(ADA, since=after(1))
    coverage.close(ADA, newest=Position(3, 0))
    assert given(coverage, 8, ADA) == [2, 3]
    coverage.open(ADA, since=after(5))
    assert given(coverage, 8, ADA) == [2, 3, 6, 7, 8]
    coverage.open(ADA, since=after(2))
    assert given(coverage, 8, ADA) == [2, 3, 4, 5, 6, 7, 8]


def test_coming_and_going_without_any_update_leaves_no_trace() -> None:
    coverage = Coverage()
    for n in range(1000):
        audience = Audience(AudienceKind.SESSION, str(n))
        coverage.open(audience, since=after(n))
        coverage.close(audience, newest=None if n % 2 else Position(n, 0))
    assert coverage == Coverage()


def test_what_can_never_be_replayed_is_forgotten() -> None:
    coverage = Coverage()
    coverage.open(ADA, since=after(1))
    coverage.close(ADA, newest=Position(3, 0))
    coverage.open(SESSION, since=after(1))
    coverage.forget(before=after(2))
    assert given(coverage, 5, ADA) == [2, 3]
    coverage.forget(before=after(3))
    assert given(coverage, 5, ADA) == []
    assert given(coverage, 5, SESSION) == [2, 3, 4, 5], "still joined"
