"""What a run asks of the store while it goes on: to keep its steps, and whether it still has its job."""

from __future__ import annotations

from codeforge_common.store.caller import Caller
from codeforge_common.store.messages import Verdict


class StepStore:
    """The steps' part of :class:`~codeforge_common.store.store.Store`."""

    _caller: Caller

    async def step(self, *, worker: str, job_id: str, token: int, name: str, result: str | bytes) -> Verdict:
        """Keeps the result of a run's finished step: JSON text, or, of a private one, sealed bytes.

        HELD or CANCELLED: it is kept; else it isn't. The first result of a name counts; limits of size and number are
        the worker's to keep.
        """
        private = isinstance(result, bytes)
        answer = await self._caller.call(
            "step", worker=worker, id=job_id, token=token, name=name, result=result, private=private
        )
        return Verdict(answer["verdict"])

    async def forget_steps(self, *, worker: str, job_id: str, token: int, name: str) -> tuple[Verdict, int]:
        """Forgets the run's step ``name``, those after it and their output. The verdict; bytes of output left."""
        answer = await self._caller.call("forget", worker=worker, id=job_id, token=token, name=name)
        return Verdict(answer["verdict"]), int(answer["output"])

    async def assert_held(self, *, worker: str, job_id: str, token: int) -> Verdict:
        """Whether the run still holds its job, with the whole of its lease before it if it does (HELD, CANCELLED)."""
        return Verdict((await self._caller.call("hold", worker=worker, id=job_id, token=token))["verdict"])
