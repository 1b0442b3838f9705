from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_common.job import BUILT_IN_TYPES, JobType
from codeforge_common.testing import ContextRefused, Job, Notes, context_of

TYPE = JobType(
    name="probe",
    context_schema={
        "type": "object",
        "properties": {"mirrors": {"type": "array", "items": {"type": "object", "required": ["password"]}}},
        "additionalProperties": False,
    },
    secret_fields=["context.mirrors.password"],
    attempts=7,
)


def test_secrets_are_taken_out_wherever_they_stand() -> None:
    order = Job(message="Use hunter2", context={"mirrors": [{"password": "hunter2"}]})
    ctx = context_of(order, type=TYPE, sink=Notes(), scratch=Path("unused"))
    assert ctx.secrets == {"context.mirrors.0.password": "hunter2"}
    assert (ctx.user_message, ctx.context) == ("Use [redacted]", {"mirrors": [{}]})
    assert (ctx.attempt, ctx.attempts_max) == (1, 7)


def test_a_github_token_is_one_for_every_type() -> None:
    order = Job(context={"githubContext": {"token": "ghp_1234", "username": "ada"}})
    assigned = order.assigned(BUILT_IN_TYPES[0])
    assert assigned.secrets == {"context.githubContext.token": "ghp_1234"}
    assert assigned.context == {"githubContext": {"username": "ada"}}
    assert assigned.attempts_max == 3


def test_all_that_is_wrong_is_told() -> None:
    with pytest.raises(ContextRefused) as refused:
        Job(context={"mirrors": [{}], "other": 1}).assigned(TYPE)
    assert "context.mirrors.0" in str(refused.value)
    assert "'other'" in str(refused.value)
