from __future__ import annotations

import pytest

from codeforge_gateway.errors import TooManyStreams
from codeforge_gateway.open_streams import OpenStreams


def test_a_user_has_as_many_as_allowed_and_a_closed_one_makes_room() -> None:
    streams = OpenStreams(streams_per_user=2)
    with streams.one_more("ada"):
        with streams.one_more("ada"), streams.one_more("grace"):
            with pytest.raises(TooManyStreams), streams.one_more("ada"):
                pass
            with streams.one_more("grace"):
                pass
        with streams.one_more("ada"):
            pass
    assert not streams._of_user, "nobody is remembered"


def test_one_that_breaks_is_counted_no_longer() -> None:
    streams = OpenStreams(streams_per_user=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), streams.one_more("ada"):
            raise ZeroDivisionError


def test_whoever_names_nobody_isnt_counted() -> None:
    streams = OpenStreams(streams_per_user=1)
    with streams.one_more(None), streams.one_more(None):
        pass
