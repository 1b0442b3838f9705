"""The handler that asks a model, with a model that answers by a script."""

from __future__ import annotations

from acme_tables.describe import table_describe

from codeforge_common.testing import AfterStep, again, run
from codeforge_common.testing.model_server import model_server

SALES = {"csv": "city,fruit\nRome,fig\n"}


def test_what_the_model_says_is_the_result() -> None:
    with model_server([{"text": "Fruit by city."}, {"text": "harvest"}]) as model:
        told = run(table_describe, context=SALES, environment={**model.environment, "TABLES_MODEL": model.model})
    assert told.result == {"about": "Fruit by city.", "name": "harvest"}
    assert told.output == "Fruit by city."


def test_what_the_model_has_said_is_not_asked_again() -> None:
    with model_server([{"text": "Fruit by city."}, {"text": "harvest"}]) as model:
        environment = {**model.environment, "TABLES_MODEL": model.model}
        told = run(table_describe, context=SALES, environment=environment, crash=AfterStep("about"))
        assert (told.status, told.steps) == ("waiting", {"about": "Fruit by city."})

        told = again(told, environment=environment)
        assert (told.status, told.result["name"], told.output) == ("completed", "harvest", "Fruit by city.")
        assert len(model.requests()) == 2


def test_a_busy_model_is_asked_again_when_it_says() -> None:
    with model_server([{"status": 429, "headers": {"Retry-After": "7"}}]) as model:
        told = run(table_describe, context=SALES, environment={**model.environment, "TABLES_MODEL": model.model})
    assert (told.status, told.retry_after, told.failed_reason) == ("delayed", 7, "The model is busy.")
