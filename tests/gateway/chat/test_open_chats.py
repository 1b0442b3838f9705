from __future__ import annotations

from contextlib import ExitStack

import pytest

from codeforge_gateway.chat.errors import TooManyChats
from codeforge_gateway.chat.open_chats import RETRY_AFTER_SECONDS, OpenChats


def test_a_user_has_so_many_and_no_more() -> None:
    places = OpenChats(per_user=2, in_all=10)
    with places.one_more("ada"), places.one_more("ada"):
        with pytest.raises(TooManyChats) as refused, places.one_more("ada"):
            pass
        assert refused.value.retry_after == RETRY_AFTER_SECONDS
        with places.one_more("grace"):
            pass
    with places.one_more("ada"):
        pass


def test_all_together_have_so_many_and_no_more() -> None:
    places = OpenChats(per_user=2, in_all=3)
    with ExitStack() as taken:
        for user in ("ada", "ada", "grace"):
            taken.enter_context(places.one_more(user))
        with pytest.raises(TooManyChats), places.one_more("grace"):
            pass
    with places.one_more("grace"):
        pass


def test_an_answer_that_fails_gives_its_place_back() -> None:
    places = OpenChats(per_user=1, in_all=1)
    for _ in range(2):
        with pytest.raises(KeyError), places.one_more("ada"):
            raise KeyError
