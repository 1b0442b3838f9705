"""The dashboard that answers «is it working?»."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.images.stack import REPOSITORY, Stack

DASHBOARD = json.loads((REPOSITORY / "deploy" / "grafana" / "dashboards" / "jobs.json").read_text())


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            if "expr" in target:
                yield target["expr"]


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(set(ids)) == len(ids)
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


@pytest.mark.parametrize("metric", ["codeforge_jobs", "codeforge_oldest_waiting_seconds", "codeforge_workers_alive"])
def test_the_cluster_s_state_is_taken_once_however_many_processes_show_it(metric: str) -> None:
    asking = [expression for expression in expressions() if re.search(rf"\b{metric}\b", expression)]

    assert asking
    assert all(re.search(rf"\bmax( by \([a-z, ]+\) )?\({metric}\b", expression) for expression in asking)


@pytest.mark.compose
@pytest.mark.timeout(900)
def test_it_is_provisioned_for_whoever_opens_grafana(stack: Stack) -> None:
    board = stack.grafana(f"dashboards/uid/{DASHBOARD['uid']}")

    assert board["meta"]["provisioned"] is True
    assert len(board["dashboard"]["panels"]) == len(DASHBOARD["panels"])


@pytest.mark.compose
@pytest.mark.timeout(900)
def test_every_panel_s_question_can_be_answered(stack: Stack) -> None:
    for expression in expressions():
        answer = stack.grafana("datasources/proxy/uid/prometheus/api/v1/query", query=expression)

        assert answer["status"] == "success", expression
