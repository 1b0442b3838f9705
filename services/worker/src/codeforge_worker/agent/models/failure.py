"""A failure of a provider that may pass."""

from __future__ import annotations


class Passing(Exception):
    """``reason`` is a sentence. ``after``: seconds that the provider asks to wait, None where it says nothing.

    ``shared``: it asks everybody to (429), and not only for this request.
    """

    def __init__(self, reason: str, *, after: float | None = None, shared: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.shared = shared
