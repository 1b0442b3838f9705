from __future__ import annotations

from email.utils import formatdate
from types import SimpleNamespace

import pytest

from codeforge_gateway.chat.errors import ModelRefused, ModelUnavailable
from codeforge_gateway.chat.failures import LONGEST_PAUSE_SECONDS, PAUSE_SECONDS, failure_of, wanted_pause


class Refused(Exception):
    def __init__(self, status: int, **headers: str) -> None:
        super().__init__("whatever the provider said")
        self.status_code = status
        self.response = SimpleNamespace(headers=headers)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_stays_as_it_is_refused(status: int) -> None:
    failure = failure_of(Refused(status))
    assert type(failure) is ModelRefused
    assert "whatever" not in str(failure)


@pytest.mark.parametrize("status", [200, 408, 409, 429, 500, 503, 529])
def test_what_may_pass_is_unavailable(status: int) -> None:
    failure = failure_of(Refused(status))
    assert isinstance(failure, ModelUnavailable)
    assert failure.retry_after == PAUSE_SECONDS
    assert "whatever" not in str(failure)


def test_the_providers_pause_is_passed_on() -> None:
    failure = failure_of(Refused(429, **{"retry-after": "17"}))
    assert isinstance(failure, ModelUnavailable)
    assert failure.retry_after == 17


def test_whatever_else_went_wrong_is_unavailable() -> None:
    assert isinstance(failure_of(TypeError("of a library")), ModelUnavailable)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("1e9", LONGEST_PAUSE_SECONDS),
        (formatdate(1_000_030, usegmt=True), 30.0),
        (formatdate(999_000, usegmt=True), None),
        ("soon", None),
        ("", None),
        ("0", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_a_pause_is_seconds_or_a_date(said: str, seconds: float | None) -> None:
    assert wanted_pause({"retry-after": said}, now=1_000_000) == seconds


def test_no_header_is_no_pause() -> None:
    assert wanted_pause({}) is None
