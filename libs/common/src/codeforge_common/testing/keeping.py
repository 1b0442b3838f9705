"""Keeps the steps of a run under test, within the limits of a worker, and notes what became of its effects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any

from codeforge_common.handler.outcome import Fail
from codeforge_common.handler.result import encode_clean
from codeforge_common.handler.steps import Keeper, Steps
from codeforge_common.secrets import Redactor
from codeforge_common.testing.clock import ClockLoop
from codeforge_common.testing.moments import AfterStep, BeforeKept, Moment
from codeforge_common.testing.notes import EffectFound, EffectMade, Notes, StepKept

STEP_BYTES = 256 * 1024
"""Of one step's result as JSON (``JOB_STEP_RESULT_MAX_BYTES``)."""

STEPS_BYTES = 4 * 1024 * 1024
"""Of a job's steps together (``JOB_STEPS_MAX_BYTES``)."""


class NotingKeeper(Keeper):
    """``kept``: the JSON text of the steps by name. ``outputs``: how many texts there were when the last of them ended.

    ``redactor`` knows the job's secrets. ``reached`` is told each moment, and raises what ends the run there. ``alive``
    raises it where the worker is lost or the run is to stop, ``held`` also where only this job of a batch is. ``lost``:
    whether the worker is.
    """

    def __init__(
        self,
        *,
        kept: Mapping[str, str],
        notes: Notes,
        redactor: Redactor,
        reached: Callable[[Moment], Awaitable[None]],
        alive: Callable[[], Awaitable[None]],
        held: Callable[[], Awaitable[None]],
        lost: Callable[[], bool],
    ) -> None:
        self.kept = dict(kept)
        self.outputs = 0
        self._notes = notes
        self._redactor = redactor
        self._reached = reached
        self._alive = alive
        self._held = held
        self._lost = lost

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        """The result as JSON text, which is kept from now on."""
        await self._alive()
        text = encode_clean(
            result, redactor=self._redactor, max_bytes=STEP_BYTES, kind="step_result", shapes=not private
        )
        size = sum(len(each.encode()) for each in (*self.kept.values(), text))
        if size > STEPS_BYTES:
            limit = f"at most {STEPS_BYTES:,} are kept"
            raise Fail("too_many_steps", f"The job's steps have {size:,} bytes as JSON together; {limit}.")
        await self._reached(BeforeKept(name))
        self._notes.pause()
        self.kept[name] = text
        self.outputs = len(self._notes.outputs)
        self._notes.events.append(StepKept(name, private))
        await self._reached(AfterStep(name))
        return text

    async def assert_held(self) -> None:
        """Raises what ends the run if it is to stop."""
        await self._held()

    @property
    def grace(self) -> float:
        """None for a run that has lost its worker."""
        return 0.0 if self._lost() else super().grace


class NotedSteps(Steps):
    """Steps that say of each effect whether it was found or made."""

    def __init__(self, *, kept: Mapping[str, str], notes: Notes, keeper: Keeper) -> None:
        super().__init__(finished=kept, keeper=keeper)
        self._notes = notes

    async def effect(
        self,
        name: str,
        look: Callable[[str], Any],
        make: Callable[[str], Any],
        *,
        key: str,
        on_a_loop: bool = True,
    ) -> Any:
        """As usual."""
        found = partial(self._noted, look, event=EffectFound(name))
        made = partial(self._noted, make, event=EffectMade(name))

        async def made_for_main(key: str) -> Any:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, ClockLoop), "the kit runs async handlers on one"
            with loop.for_main():
                return await made(key)

        making = made_for_main if on_a_loop else made
        return await super().effect(name, found, making, key=key, on_a_loop=on_a_loop)

    async def _noted(self, function: Callable[[str], Any], key: str, *, event: EffectFound | EffectMade) -> Any:
        returned = function(key)
        value = await returned if isawaitable(returned) else returned
        if value is not None or isinstance(event, EffectMade):
            self._notes.events.append(event)
        return value
