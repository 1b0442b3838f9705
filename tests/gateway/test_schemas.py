from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from codeforge_common.identity import is_user_id
from codeforge_gateway.schemas import Bodies
from codeforge_gateway.settings import GatewaySettings

BODIES = Bodies.of(GatewaySettings())


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=210))
@example("x" * 200)
@example("x" * 201)
@example("a\n")
@example("a\x85")
def test_a_user_id_of_a_body_is_what_the_house_calls_one(text: str) -> None:
    body = {"userId": text, "sessionId": "s", "userMessage": "m"}
    assert BODIES.submit.is_valid(body) == is_user_id(text)


def test_optional_members_may_be_null() -> None:
    submit = {"userId": "u", "sessionId": "s", "userMessage": "m", "agentType": None, "context": None}
    chat = {"generationId": "g", "message": "m"}
    assert BODIES.submit.is_valid(submit | {"githubContext": None})
    assert BODIES.chat.is_valid(
        chat
        | dict.fromkeys(("backgroundMode", "githubContext", "currentFiles", "language", "imageUrls"))
        | {"githubContext": {"token": "t", "username": "u", "email": None}}
    )
    assert BODIES.cancel.is_valid({"reason": None})
    assert BODIES.retry.is_valid({"githubContext": {"token": "t"}})


def test_members_that_aren_t_known_are_let_be() -> None:
    assert BODIES.submit.is_valid({"userId": "u", "sessionId": "s", "userMessage": "m", "more": [1]})
