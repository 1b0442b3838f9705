"""The job model: ids, types, and who may follow whom."""

from __future__ import annotations

import re

from codeforge_common.job import (
    BUILT_IN_TYPES,
    TERMINAL,
    TRANSITIONS,
    JobType,
    Status,
    can_follow,
    new_job_id,
    title_of,
)


def test_ids_are_unique_grow_and_have_one_form() -> None:
    ids = [new_job_id() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"job_0[0-9a-hjkmnp-tv-z]{26}", one) for one in ids)


def test_an_id_is_a_uuid_of_version_7() -> None:
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    number = 0
    for character in new_job_id().removeprefix("job_0"):
        number = number << 5 | digits.index(character)
    assert number >> 76 & 0xF == 7
    assert number >> 62 & 0b11 == 0b10


def test_every_state_has_its_followers() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_only_a_failed_or_cancelled_job_comes_back_from_rest() -> None:
    assert {status for status in TERMINAL if TRANSITIONS[status]} == {Status.FAILED, Status.CANCELLED}
    assert all(TRANSITIONS[status] <= {Status.WAITING} for status in TERMINAL)


def test_a_job_never_goes_from_waiting_to_an_end_but_cancelled() -> None:
    assert can_follow(before=Status.WAITING, after=Status.CANCELLED)
    assert not can_follow(before=Status.WAITING, after=Status.COMPLETED)


def test_an_announcement_comes_back_as_it_went() -> None:
    said = JobType(
        name="render",
        context_schema={"type": "object"},
        secret_fields=("context.key",),
        lease_seconds=5.0,
        wall_time_seconds=60.0,
        attempts=1,
    )
    assert JobType.from_announcement(said.announcement()) == said


def test_a_digest_changes_with_the_announcement() -> None:
    assert JobType(name="a").digest == JobType(name="a").digest
    assert JobType(name="a").digest != JobType(name="a", secret_fields=("context.key",)).digest


def test_the_built_in_types_seal_the_github_token() -> None:
    assert [one.name for one in BUILT_IN_TYPES] == ["agent_task", "code_generation", "repo_analysis"]
    assert all("context.githubContext.token" in one.secret_fields for one in BUILT_IN_TYPES)


def test_a_title_is_the_beginning_of_the_message() -> None:
    assert title_of("ế" * 201) == "ế" * 200
    assert title_of("short") == "short"
