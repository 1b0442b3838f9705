"""What a handler may say about its end besides a result: values to return or to raise.

Whatever else it returns is the job's result (JSON); whatever else it raises is a failed attempt, which is tried again
with backoff while attempts are left.
"""

from __future__ import annotations

from typing import Any

from codeforge_common.errors import CodeForgeError

LONGEST_PAUSE_SECONDS = 366 * 86_400


class Fail(Exception):
    """The job fails and isn't tried again.

    ``code``: snake_case and stable, for programs. ``message``: a sentence for the person. Both stand in the job's
    ``failedReason`` as ``code: message``. ``result``: what there is of a result nevertheless (JSON).
    """

    def __init__(self, code: str, message: str, *, result: Any = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.result = result

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Retry(Exception):
    """This attempt failed; the next one, if any is left, begins in ``after`` seconds (None: the usual backoff).

    :raises ValueError: when ``after`` is no time, or longer than a year.
    """

    def __init__(self, after: float | None = None, reason: str = "The handler asked for another attempt.") -> None:
        super().__init__(after, reason)
        if after is not None and not 0 <= after <= LONGEST_PAUSE_SECONDS:
            raise ValueError(f"a retry can't begin in {after} seconds")
        self.after = after
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class HandlerRaised(Exception):
    """What a blocking handler raised in its child: ``str`` explains it, a note holds the child's traceback."""


class HandlerExited(Exception):
    """Raised when a handler called ``sys.exit``: that ends the attempt, not the worker."""

    def __init__(self) -> None:
        super().__init__("The handler asked the process to exit.")


def explain(error: BaseException) -> str:
    """An error in one sentence: its stable code where it has one, else its class, and what it says."""
    if isinstance(error, HandlerRaised):
        return str(error)
    name = error.code if isinstance(error, CodeForgeError) else type(error).__name__
    said = words(error)
    return f"{name}: {said}" if said else name


def words(error: BaseException) -> str:
    """What an error says; nothing where its ``__str__``, somebody's code, raises in its turn."""
    try:
        return str(error)
    except Exception:
        return ""
