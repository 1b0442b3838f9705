"""Keeps the steps of one run in the store, within limits, and through outages as long as the run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codeforge_common.handler import Cancelled, Fail
from codeforge_common.handler.result import encode_clean
from codeforge_common.handler.steps import Keeper
from codeforge_common.secrets import Redactor
from codeforge_common.store import Run, Verdict
from codeforge_worker.run_calls import RunCalls


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLimits:
    """``result_bytes``: of one step's result as JSON. ``number``, ``bytes``: of a job's steps together."""

    result_bytes: int
    number: int
    bytes: int


class StepKeeper(Keeper):
    """``redactor`` takes secrets out of results, ``own``, which knows the job's alone, out of private ones: those are
    sealed for the job, and what it works on mustn't change with its neighbours. ``seal`` makes of a name and its
    private result what is kept of it. ``finished``: the JSON text of the run's steps so far, by name.

    ``said`` returns when the store has what the run has written for its output: it notes with each step how much that
    is, because the next run writes again what came after. ``heed`` is told what the store thinks of the run. ``grace``:
    see :attr:`grace`.
    """

    def __init__(
        self,
        run: Run,
        *,
        calls: RunCalls,
        limits: StepLimits,
        finished: Mapping[str, str],
        redactor: Redactor,
        own: Redactor,
        seal: Callable[[str, str], bytes],
        said: Callable[[], Awaitable[None]],
        heed: Callable[[Verdict], None],
        grace: Callable[[], float],
    ) -> None:
        self._run = run
        self._calls = calls
        self._limits = limits
        self._redactor = redactor
        self._own = own
        self._seal = seal
        self._said = said
        self._heed = heed
        self._grace = grace
        self._bytes = sum(len(text.encode()) for text in finished.values())

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        """Returns when the store has it. Fails the job where there is too much: of a private result its JSON counts."""
        text = encode_clean(
            result,
            redactor=self._own if private else self._redactor,
            max_bytes=self._limits.result_bytes,
            kind="step_result",
            shapes=not private,
        )
        self._bytes += len(text.encode())
        if self._bytes > self._limits.bytes:
            limit = f"at most {self._limits.bytes:,} are kept"
            raise Fail("too_many_steps", f"The job's steps have {self._bytes:,} bytes as JSON together; {limit}.")
        await self._said()
        kept = self._seal(name, text) if private else text
        await self._go_on(await self._calls.keep_step(self._run, name=name, result=kept))
        return text

    async def forget(self, name: str) -> int:
        """Forgets the step ``name`` and those after it. How many bytes are left of the job's output."""
        verdict, output_bytes = await self._calls.forget_steps(self._run, name=name)
        await self._go_on(verdict)
        return output_bytes

    async def assert_held(self) -> None:
        """Asks the store. Raises CancelledError when the run is to stop, Cancelled when only this job of a batch is."""
        verdict = await self._calls.ask_held(self._run)
        await self._go_on(verdict)
        if verdict is Verdict.CANCELLED:
            raise Cancelled

    @property
    def grace(self) -> float:
        """For how many seconds from now a cancel of the run waits for an effect that is being made."""
        return self._grace()

    async def _go_on(self, verdict: Verdict) -> None:
        self._heed(verdict)
        if verdict is Verdict.HELD:
            return
        await asyncio.sleep(0)  # in the run's own task its cancel arrives here, unless others of a batch go on
        if verdict is not Verdict.CANCELLED:
            raise asyncio.CancelledError(f"The run has lost its job: {verdict}.")
