"""I5: counters equal indexes, indexes equal records, and no key is without an owner."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set

from codeforge_common.job import TERMINAL, Status
from tests.chaos.check.violation import Rule, Violation
from tests.chaos.history import History, Record

QUEUED = frozenset({Status.WAITING, Status.DELAYED})
QUEUED_ONE = 1_000_000
"""What a waiting or delayed job counts in its user's load; an active one counts 1."""


def check_indexes(history: History) -> Iterator[Violation]:
    """Compares every index with what the records say."""
    indexes, records = history.indexes, history.records
    expected = _expected_members(records)
    found = {key: set(members) for key, members in indexes.members.items() if _of_jobs(key)}
    for key in sorted(expected.keys() | found.keys()):
        yield from _compare(key, found.get(key, set()), expected.get(key, set()))
    numbers = _expected_numbers(records)
    for key in sorted(numbers.keys() | indexes.numbers.keys()):
        if (is_there := dict(indexes.numbers.get(key, {}))) != (due := dict(numbers.get(key, {}))):
            yield Violation(rule=Rule.INDEX, text=f"{key} is {is_there}, should be {due}")
    yield from _check_rotations(history)
    for job in sorted(indexes.parts - records.keys()):
        yield Violation(rule=Rule.INDEX, job=job, text="has keys and no record")


def _of_jobs(key: str) -> bool:
    return key.partition(":")[0] not in ("rotation", "rotating")


def _compare(key: str, found: Set[str], expected: Set[str]) -> Iterator[Violation]:
    for job in sorted(found ^ expected):
        yield Violation(rule=Rule.INDEX, job=job, text=f"is {'' if job in found else 'not '}in {key}")


def _expected_members(records: Mapping[str, Record]) -> Mapping[str, Set[str]]:
    expected: dict[str, set[str]] = defaultdict(set)
    for job, record in records.items():
        keys = [f"jobs:{record.user}"]
        match record.status:
            case Status.WAITING:
                keys += [f"ready:{record.type}:{record.user}"]
            case Status.DELAYED:
                keys += ["delayed"]
            case Status.ACTIVE:
                keys += ["leases"]
            case Status.COMPLETED:
                keys += ["finished:completed", f"completed:{record.type}:{record.user}"]
            case _:
                keys += ["finished:failed"]
        for key in keys:
            expected[key].add(job)
    return expected


def _expected_numbers(records: Mapping[str, Record]) -> Mapping[str, Mapping[str, int]]:
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records.values():
        expected[f"counts:{record.type}"][record.status] += 1
        if record.status in QUEUED:
            expected["load"][record.user] += QUEUED_ONE
        elif record.status not in TERMINAL:
            expected["load"][record.user] += 1
    return expected


def _check_rotations(history: History) -> Iterator[Violation]:
    members = history.indexes.members
    for job_type in {key.partition(":")[2] for key in members if not _of_jobs(key)}:
        rotation, rotating = members.get(f"rotation:{job_type}", ()), members.get(f"rotating:{job_type}", ())
        if sorted(rotation) != sorted(rotating):
            text = f"rotation:{job_type} is {list(rotation)}, rotating:{job_type} {sorted(rotating)}"
            yield Violation(rule=Rule.INDEX, text=text)
        waiting = {record.user for record in history.records.values() if _waits(record, job_type)}
        if not set(rotating) <= waiting:
            text = f"{set(rotating) - waiting} in the rotation of {job_type} for nothing"
            yield Violation(rule=Rule.INDEX, text=text)


def _waits(record: Record, job_type: str) -> bool:
    return record.type == job_type and record.status == Status.WAITING
