"""What a call costs."""

from __future__ import annotations

from decimal import Decimal

from genai_prices import calc_price
from pydantic_ai.usage import RequestUsage

from codeforge_worker.agent.models.name import ModelName


def price(usage: RequestUsage, *, name: ModelName) -> Decimal | None:
    """US dollars by the provider's list price; None where it has no such model, as for one on a server of one's own."""
    try:
        return calc_price(usage, name.name, provider_id=name.provider.split("-")[0]).total_price
    except LookupError:
        return None
