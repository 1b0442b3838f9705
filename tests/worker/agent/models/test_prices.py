from __future__ import annotations

import pytest
from pydantic_ai.usage import RequestUsage

from codeforge_worker.agent.models.name import ModelName
from codeforge_worker.agent.models.prices import price

USED = RequestUsage(input_tokens=1_000_000, output_tokens=1_000_000)


@pytest.mark.parametrize(
    ("provider", "name"),
    [("openai", "gpt-4o"), ("openai-chat", "gpt-4o"), ("openai-responses", "gpt-5"), ("anthropic", "claude-opus-5")],
)
def test_a_model_with_a_list_price_has_it(provider: str, name: str) -> None:
    cost = price(USED, name=ModelName(provider=provider, name=name))
    assert cost is not None
    assert 1 < cost < 1000


@pytest.mark.parametrize(
    ("provider", "name"), [("openai", "llama3:8b"), ("openai", "gpt-oss:20b"), ("anthropic", "gpt-4o")]
)
def test_any_other_has_none(provider: str, name: str) -> None:
    assert price(USED, name=ModelName(provider=provider, name=name)) is None
