"""Steps that outlive an attempt, and an attempt that dies at one of them."""

from __future__ import annotations

from typing import Any

from codeforge_common.handler.result import dumps
from codeforge_common.handler.steps import Keeper, Steps


class Died(BaseException):
    """The worker is gone. No :class:`Exception`, so that nobody handles it."""


class KeptSteps(Keeper):
    """``kept``: what was kept until now. ``dies_at``: the step after whose work, and before it is kept, it ends."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.private: set[str] = set()
        self.dies_at: str | None = None

    def attempt(self, *, dies_at: str | None = None) -> Steps:
        """The steps of the next attempt."""
        self.dies_at = dies_at
        return Steps(finished=dict(self.kept), keeper=self)

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        if name == self.dies_at:
            raise Died(name)
        self.kept[name] = dumps(result)
        self.private |= {name} if private else set()
        return self.kept[name]

    async def assert_held(self) -> None:
        """Nobody else has the job."""
