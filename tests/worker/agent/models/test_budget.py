from __future__ import annotations

import pytest

from codeforge_worker.agent.models import Budget, LimitReached, Usage
from codeforge_worker.settings import AgentSettings


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def budget(*, clock: Clock | None = None, spent: Usage | None = None) -> Budget:
    return Budget(calls_max=2, tokens_max=100, seconds_max=10, spent=spent, clock=clock or Clock())


def limit(budget: Budget) -> str | None:
    try:
        budget.check()
    except LimitReached as reached:
        return reached.code
    return None


@pytest.mark.parametrize(
    ("spent", "code"),
    [
        (Usage(), None),
        (Usage(calls=1), None),
        (Usage(calls=2), "model_call_limit"),
        (Usage(calls=1, input_tokens=60, output_tokens=39), None),
        (Usage(calls=1, input_tokens=60, output_tokens=40), "token_limit"),
        (Usage(seconds=9.9), None),
        (Usage(seconds=10), "time_limit"),
    ],
)
def test_each_limit_holds_at_its_edge(spent: Usage, code: str | None) -> None:
    spending = budget()
    spending.spend(spent)
    assert limit(spending) == code
    assert limit(budget(spent=spent)) == code


def test_time_passes_by_itself_and_earlier_attempts_count() -> None:
    clock = Clock()
    spending = budget(clock=clock, spent=Usage(seconds=4))
    clock.now += 5
    assert spending.remaining_seconds == 1
    assert spending.usage.seconds == 9
    assert limit(spending) is None
    clock.now += 1
    assert limit(spending) == "time_limit"


def test_it_grants_what_the_settings_do() -> None:
    settings = AgentSettings(agent_model_calls_max=1, agent_model_tokens_max=1000, agent_wall_seconds=50)
    granted = Budget.of(settings, model="openai:gpt")
    assert granted.usage.model == "openai:gpt"
    assert 0 < granted.remaining_seconds <= 50
    granted.spend(Usage(calls=1))
    assert limit(granted) == "model_call_limit"


def test_a_limit_tells_its_code_and_why() -> None:
    with pytest.raises(LimitReached, match=r"^model_call_limit: The job has made all its 2 calls"):
        budget(spent=Usage(calls=2)).check()
    assert str(LimitReached.time(budget())) == "time_limit: The job has worked for the 10 seconds that it may take."
