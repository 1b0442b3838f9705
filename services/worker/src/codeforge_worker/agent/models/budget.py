"""What one job may use of a model, over all its attempts, and what it has used of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from codeforge_worker.agent.models.usage import Usage
from codeforge_worker.settings import AgentSettings


class LimitReached(Exception):
    """The job has used up what it may. ``code``: ``model_call_limit``, ``token_limit`` or ``time_limit``.

    ``message`` is a sentence for the person.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @classmethod
    def time(cls, budget: Budget) -> LimitReached:
        """The error for a job that has worked as long as it may."""
        return cls("time_limit", f"The job has worked for the {budget.seconds_max:g} seconds that it may take.")


class Budget:
    """The limits of a job: calls, tokens (read and written) and seconds of work, from now on by ``clock``.

    ``spent`` is what earlier attempts have used.
    """

    def __init__(
        self,
        *,
        calls_max: int,
        tokens_max: int,
        seconds_max: float,
        spent: Usage | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls_max = calls_max
        self._tokens_max = tokens_max
        self.seconds_max = seconds_max
        self._spent = spent or Usage()
        self._clock = clock
        self._began = clock()

    @classmethod
    def of(cls, settings: AgentSettings, *, model: object = None) -> Budget:
        """The budget that the settings grant. ``model``: the name for the usage of a job that calls none after all."""
        return cls(
            calls_max=settings.agent_model_calls_max,
            tokens_max=settings.agent_model_tokens_max,
            seconds_max=settings.agent_wall_seconds,
            spent=Usage(model=None if model is None else str(model)),
        )

    @property
    def usage(self) -> Usage:
        """What was used until now; ``seconds`` goes on by itself."""
        return self._spent + Usage(seconds=self._clock() - self._began)

    @property
    def remaining_seconds(self) -> float:
        """How long the job may still work; below zero when it has worked longer."""
        return self.seconds_max - self.usage.seconds

    def spend(self, usage: Usage) -> None:
        """Adds what was used. ``usage.seconds`` is time that this budget hasn't seen pass: an earlier attempt's."""
        self._spent += usage

    def check(self) -> None:
        """Lets one more call pass.

        :raises LimitReached: none may be made any more.
        """
        if self._spent.calls >= self._calls_max:
            raise LimitReached("model_call_limit", f"The job has made all its {self._calls_max} calls of the model.")
        if self._spent.total_tokens >= self._tokens_max:
            raise LimitReached(
                "token_limit", f"The job has used {self._spent.total_tokens} of its {self._tokens_max} tokens."
            )
        if self.remaining_seconds <= 0:
            raise LimitReached.time(self)
