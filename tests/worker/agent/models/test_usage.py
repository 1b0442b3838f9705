from __future__ import annotations

from decimal import Decimal

import pytest

from codeforge_worker.agent.models import Usage

ONE = Usage(calls=1, input_tokens=10, output_tokens=3, cost=Decimal("0.000123"), seconds=1.5, model="openai:gpt")
UNPRICED = Usage(calls=1, input_tokens=4, output_tokens=1, cost=None, model="openai:llama")


def test_usages_add_up() -> None:
    both = ONE + ONE
    assert (both.calls, both.input_tokens, both.output_tokens, both.total_tokens) == (2, 20, 6, 26)
    assert (both.cost, both.seconds, both.model) == (Decimal("0.000246"), 3.0, "openai:gpt")
    assert both - ONE == ONE


def test_what_is_unknown_in_part_stays_unknown() -> None:
    assert (ONE + UNPRICED).cost is None
    assert (ONE + UNPRICED + ONE).cost is None
    assert ((ONE + UNPRICED) - ONE).cost is None


def test_where_nothing_was_called_nothing_was_spent_even_after_an_unknown_price() -> None:
    before = ONE + UNPRICED
    assert (before + Usage(seconds=2) - before).cost == 0


@pytest.mark.parametrize("usage", [ONE, UNPRICED, Usage()])
def test_it_comes_back_from_json(usage: Usage) -> None:
    assert Usage.from_json(usage.as_json()) == usage


def test_its_json_is_what_a_result_shows() -> None:
    assert ONE.as_json() == {
        "calls": 1,
        "inputTokens": 10,
        "outputTokens": 3,
        "totalTokens": 13,
        "cost": 0.000123,
        "currency": "USD",
        "seconds": 1.5,
        "model": "openai:gpt",
    }
