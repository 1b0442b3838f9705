"""How many answers of the model are under way at this gateway, for each user and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from codeforge_gateway.chat.errors import TooManyChats

RETRY_AFTER_SECONDS = 2.0
"""What a refused client is told: an answer takes some seconds."""


class OpenChats:
    """Places for ``per_user`` answers at once of one user, and ``in_all`` of all."""

    def __init__(self, *, per_user: int, in_all: int) -> None:
        self._per_user = per_user
        self._in_all = in_all
        self._of_user: Counter[str] = Counter()

    @contextmanager
    def one_more(self, user_id: str) -> Iterator[None]:
        """Takes a place while the block runs. Raises TooManyChats, with none taken."""
        if self._of_user[user_id] >= self._per_user:
            raise TooManyChats(
                f"{self._per_user} answers are under way already: wait for one of them.",
                retry_after=RETRY_AFTER_SECONDS,
            )
        if self._of_user.total() >= self._in_all:
            raise TooManyChats("Too many people chat at the moment.", retry_after=RETRY_AFTER_SECONDS)
        self._of_user[user_id] += 1
        try:
            yield
        finally:
            self._of_user[user_id] -= 1
            if not self._of_user[user_id]:
                del self._of_user[user_id]
