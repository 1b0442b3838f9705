"""What Prometheus scrapes and when it wakes somebody."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from codeforge_common.telemetry.metrics import create_metrics
from tests.images.stack import REPOSITORY, Stack
from tests.plugins.waiting import wait_until

FOLDER = REPOSITORY / "deploy" / "prometheus"
OPERATIONS = REPOSITORY / "docs" / "operations.md"
DASHBOARD = REPOSITORY / "deploy" / "grafana" / "dashboards" / "jobs.json"


def promtool(*arguments: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool here: install the package prometheus")
    done = subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def alerts() -> set[str]:
    return set(re.findall(r"- alert: (\w+)", (FOLDER / "alerts.yml").read_text()))


def test_the_rules_fire_when_they_should_and_at_no_other_time() -> None:
    promtool("test", "rules", "alerts.test.yml")


def test_every_rule_has_a_case_of_its_own() -> None:
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", (FOLDER / "alerts.test.yml").read_text())

    assert set(fired) == alerts()


def test_every_alert_says_in_the_operations_guide_what_to_do() -> None:
    headings = set(re.findall(r"^#+ `(\w+)`$", OPERATIONS.read_text(), re.MULTILINE))

    assert headings == alerts()


@pytest.mark.parametrize("path", [FOLDER / "alerts.yml", DASHBOARD], ids=["alerts", "dashboard"])
def test_only_metrics_that_exist_are_asked_for(path: Path) -> None:
    exposed = {
        sample
        for family in create_metrics().registry.collect()
        for sample in (family.name, *(f"{family.name}_{part}" for part in ("total", "bucket", "count", "sum")))
    }
    asked = set(re.findall(r"\b(codeforge_\w+)", path.read_text()))

    assert asked
    assert asked <= exposed


@pytest.mark.compose
@pytest.mark.timeout(900)
def test_every_replica_is_scraped(stack: Stack) -> None:
    expected = {"gateway": 1, "notifier": 2, "worker": 2, "proxy": 1, "prometheus": 1}

    wait_until(
        lambda: stack.query("count by (job) (up == 1)", by="job") == expected,
        within=30,
        what=f"targets {expected}",
    )

    assert stack.query("up == 0", by="job") == {}


@pytest.mark.compose
@pytest.mark.timeout(900)
def test_the_rules_are_loaded_and_can_be_evaluated(stack: Stack) -> None:
    def rules() -> dict[str, str]:
        groups = stack.prometheus("rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    wait_until(lambda: "unknown" not in rules().values(), within=30, what="the first evaluation of every rule")

    assert rules() == dict.fromkeys(alerts(), "ok")
