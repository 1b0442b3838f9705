"""Durable steps: what a finished one returned outlives its worker, and the step isn't run again.

Handlers on the event loop and in a child share this code. Nothing in it waits by itself: where the step's function and
the keeper don't either, :func:`to_the_end` runs it as a plain call.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from inspect import isawaitable
from typing import Any, Protocol

from codeforge_common.handler.outcome import Fail, HandlerExited
from codeforge_common.handler.result import dumps

GRACE_SECONDS = 1.5
"""What an effect that is being made has when its run is cancelled. Handlers have ten in all (``WORKER_CANCEL_SECONDS``)
and, while the store is away, a fifth of the lease: two seconds."""

MOST_STEPS = 100
"""Of one job, where nobody says otherwise (``JOB_STEPS_MAX``)."""

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class Keeper(Protocol):
    """Keeps what the steps of one run return."""

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        """Keeps the result of the step ``name``; the JSON text that later runs will get. Raises :class:`Fail`.

        ``private``: sealed, and for as long as the job's secrets. Of such a result only these are blacked out.
        """

    async def assert_held(self) -> None:
        """Returns if the run still has its job. If it hasn't, or is to stop, what ends it is raised here."""

    @property
    def grace(self) -> float:
        """For how many seconds from now a cancel of the run waits for an effect that is being made."""
        return GRACE_SECONDS


class Unkept(Keeper):
    """Keeps nothing: for handlers that a test calls without a worker."""

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        """The result as JSON."""
        return dumps(result)

    async def assert_held(self) -> None:
        """Nobody else could have the job."""


class Steps:
    """The steps of one run. ``finished``: the JSON text of those that earlier runs have finished, by name.

    ``most``: how many a job may have.
    """

    def __init__(self, *, finished: Mapping[str, str], keeper: Keeper, most: int = MOST_STEPS) -> None:
        self._finished = finished
        self._keeper = keeper
        self._most = most
        self._names: set[str] = set()
        self._to_be_passed = set(finished)

    @property
    def replaying(self) -> bool:
        """Whether the run is still on ground that an earlier one has covered: a finished step is ahead of it."""
        return bool(self._to_be_passed)

    async def step(self, name: str, work: Callable[[], Any], *, private: bool = False) -> Any:
        """See :meth:`codeforge_common.handler.context.JobContext.step`."""
        with self._named(name) as kept:
            if kept is None:
                kept = await self._keeper.keep(name, await _value(work()), private=private)
            return json.loads(kept)

    async def effect(
        self,
        name: str,
        look: Callable[[str], Any],
        make: Callable[[str], Any],
        *,
        key: str,
        on_a_loop: bool = True,
    ) -> Any:
        """See :meth:`codeforge_common.handler.context.JobContext.effect`. ``key`` is the same in every attempt.

        ``on_a_loop``: False where :func:`to_the_end` runs it; then nothing can be cancelled in its midst.
        """
        with self._named(name) as kept:
            if kept is None:
                await self._keeper.assert_held()
                kept = await self._found(name, look, key=key)
            if kept is None:
                await self._keeper.assert_held()
                made = self._made_through_cancels if on_a_loop else self._made
                kept = await made(name, make, key=key)
            return json.loads(kept)

    async def _found(self, name: str, look: Callable[[str], Any], *, key: str) -> str | None:
        found = await _value(look(key))
        return None if found is None else await self._keeper.keep(name, found)

    async def _made(self, name: str, make: Callable[[str], Any], *, key: str) -> str:
        return await self._keeper.keep(name, await _value(make(key)))

    async def _made_through_cancels(self, name: str, make: Callable[[str], Any], *, key: str) -> str:
        """A cancel waits until it is made and kept, within bounds, and then goes on, whatever became of it."""

        async def made() -> str:
            try:
                return await self._made(name, make, key=key)
            except SystemExit as error:  # out of a task of its own it would end the loop
                raise HandlerExited from error

        making = asyncio.create_task(made())
        try:
            await asyncio.wait({making})
        except asyncio.CancelledError:
            try:
                await asyncio.wait({making}, timeout=self._keeper.grace)
            finally:
                making.cancel()
                await asyncio.gather(making, return_exceptions=True)
            raise
        return making.result()

    @contextmanager
    def _named(self, name: str) -> Iterator[str | None]:
        """Nobody else has the name while the block runs, nor after it if it ends well. What an earlier run has kept."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't be a step's name: that is 1 to 100 of A-Z a-z 0-9 . _ : -")
        if name in self._names:
            raise ValueError(f"This run has a step {name!r} already. In a loop, number them: edit-1, edit-2.")
        kept = self._finished.get(name)
        if kept is None:
            self._to_be_passed.clear()
            if len(self._names | self._finished.keys()) >= self._most:
                raise Fail("too_many_steps", f"A job has at most {self._most:,} steps; {name} is one too many.")
        self._names.add(name)
        try:
            yield kept
        except BaseException:
            self._names.discard(name)
            raise
        self._to_be_passed.discard(name)


def unkept() -> Callable[[], Steps]:
    """Steps that nobody keeps."""
    steps = Steps(finished={}, keeper=Unkept())
    return lambda: steps


def to_the_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What ``coroutine`` returns, run without an event loop. Raises TypeError where it waits for one."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise TypeError("A blocking handler's step is a plain function: it can't await.")


async def _value(returned: Any) -> Any:
    return await returned if isawaitable(returned) else returned
