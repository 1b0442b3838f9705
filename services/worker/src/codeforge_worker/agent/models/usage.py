"""What calls of a model have used: calls, tokens, money and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CURRENCY = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used. ``cost`` is in US dollars, and None where a price isn't known; ``seconds`` is time worked.

    ``model``: its name, None where none was called.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = Decimal(0)
    seconds: float = 0.0
    model: str | None = None

    @property
    def total_tokens(self) -> int:
        """Tokens read and written."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        """Both together; what costs an unknown sum leaves the whole's unknown."""
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
            seconds=self.seconds + other.seconds,
            model=other.model or self.model,
        )

    def __sub__(self, earlier: Usage) -> Usage:
        """What came after ``earlier``. Where nothing was called since, it cost nothing, whatever came before."""
        calls = self.calls - earlier.calls
        cost = Decimal(0)
        known = self.cost is not None and earlier.cost is not None
        return Usage(
            calls=calls,
            input_tokens=self.input_tokens - earlier.input_tokens,
            output_tokens=self.output_tokens - earlier.output_tokens,
            cost=(self.cost - earlier.cost if known else None) if calls else cost,  # type: ignore[operator]
            seconds=self.seconds - earlier.seconds,
            model=self.model,
        )

    def as_json(self) -> dict[str, Any]:
        """For a job's result, and for the result of a step: :meth:`from_json` reads it again."""
        return {
            "calls": self.calls,
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.total_tokens,
            "cost": None if self.cost is None else float(round(self.cost, 9)),
            "currency": CURRENCY,
            "seconds": round(self.seconds, 3),
            "model": self.model,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Usage:
        """What :meth:`as_json` gave."""
        return cls(
            calls=kept["calls"],
            input_tokens=kept["inputTokens"],
            output_tokens=kept["outputTokens"],
            cost=None if kept["cost"] is None else Decimal(str(kept["cost"])),
            seconds=kept["seconds"],
            model=kept["model"],
        )
