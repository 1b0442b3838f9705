"""What a handler that asks the process to exit gets instead: its run is over, the worker and its neighbours go on."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, NoReturn

from codeforge_common.handler.outcome import HandlerExited


class Contained(Coroutine[Any, Any, Any]):
    """``inner`` as the coroutine of a task: what would end the event loop is raised as :class:`HandlerExited`.

    Not a coroutine function: one that is cancelled before it began would leave ``inner`` never awaited.
    """

    __slots__ = ("_inner",)

    def __init__(self, inner: Coroutine[Any, Any, Any] | Generator[Any, Any, Any]) -> None:
        self._inner = inner

    def send(self, value: Any) -> Any:
        """Goes on."""
        try:
            return self._inner.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            raise HandlerExited from error

    def throw(self, *error: Any) -> Any:
        """Goes on with an error: a cancel, mostly."""
        try:
            return self._inner.throw(*error)
        except (SystemExit, KeyboardInterrupt) as exit_:
            raise HandlerExited from exit_

    def close(self) -> None:
        """Ends it where it stands."""
        self._inner.close()

    def __await__(self) -> NoReturn:
        raise TypeError("only a task runs it")

    def __getattr__(self, name: str) -> Any:
        """Its name, code and frame, for who shows a task."""
        return getattr(self._inner, name)
