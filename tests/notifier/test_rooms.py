from __future__ import annotations

import pytest

from codeforge_common.event_log import Audience, AudienceKind
from codeforge_notifier.rooms import NoSuchRoom, Request, requested


@pytest.mark.parametrize(
    ("kind", "payload", "request_"),
    [
        (AudienceKind.USER, "ada", Request(Audience(AudienceKind.USER, "ada"), None)),
        (AudienceKind.USER, {"userId": "ada"}, Request(Audience(AudienceKind.USER, "ada"), None)),
        (
            AudienceKind.SESSION,
            {"sessionId": "s1", "since": "1-1"},
            Request(Audience(AudienceKind.SESSION, "s1"), "1-1"),
        ),
        (AudienceKind.JOB, {"jobId": "j", "since": None, "more": 1}, Request(Audience(AudienceKind.JOB, "j"), None)),
        (AudienceKind.USER, "é" * 200, Request(Audience(AudienceKind.USER, "é" * 200), None)),
    ],
)
def test_what_a_client_asks_for(kind: AudienceKind, payload: object, request_: Request) -> None:
    assert requested(kind, payload) == request_


@pytest.mark.parametrize("since", [0, 1.5, True, [], {}])
def test_a_cursor_of_another_type_is_one_that_nobody_gave_out(since: object) -> None:
    assert requested(AudienceKind.USER, {"userId": "ada", "since": since}).since == ""


@pytest.mark.parametrize(
    "payload", [None, "", 5, [], ["ada"], {}, {"sessionId": "ada"}, {"userId": None}, "x" * 201, "\x00"]
)
def test_what_names_no_room(payload: object) -> None:
    with pytest.raises(NoSuchRoom, match="userId should be a string"):
        requested(AudienceKind.USER, payload)
