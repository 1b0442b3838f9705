"""How many event streams each user has open at this gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from codeforge_gateway.errors import TooManyStreams

RETRY_AFTER_SECONDS = 5.0
"""What a refused client is told: streams end when somebody closes a page, and nobody knows when that is."""


class OpenStreams:
    """Clients that name nobody aren't counted: only development mode has them."""

    def __init__(self, *, streams_per_user: int) -> None:
        self._most = streams_per_user
        self._of_user: Counter[str] = Counter()

    @contextmanager
    def one_more(self, user_id: str | None) -> Iterator[None]:
        """Counts a stream of ``user_id`` while the block runs. Raises TooManyStreams, with nothing counted."""
        if user_id is None:
            yield
            return
        if self._of_user[user_id] >= self._most:
            raise TooManyStreams(
                f"A user may have {self._most} event streams open: close one first.", retry_after=RETRY_AFTER_SECONDS
            )
        self._of_user[user_id] += 1
        try:
            yield
        finally:
            self._of_user[user_id] -= 1
            if not self._of_user[user_id]:
                del self._of_user[user_id]
