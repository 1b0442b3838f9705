"""What every image promises to whoever runs it."""

from __future__ import annotations

import re

import pytest

from tests.images.containers import docker, inspect, removed_afterwards, wait_until_healthy
from tests.images.stack import REPOSITORY, Stack

SERVICES = ("gateway", "notifier", "worker")
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def test_there_is_a_target_for_each_image() -> None:
    targets = re.findall(r"^FROM runtime AS (\w+)$", DOCKERFILE, re.MULTILINE)

    assert targets == ["gateway", "notifier", "worker", "edge"]


def test_nothing_in_it_needs_buildkit() -> None:
    # Heroku's builder may be the classic one.
    assert not re.search(r"--mount=|--link|<<[A-Z-]|^# syntax=", DOCKERFILE, re.MULTILINE)


@pytest.mark.compose
@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", SERVICES)
def test_it_runs_as_nobody_special_on_a_file_system_that_it_can_not_write(stack: Stack, service: str) -> None:
    written = stack.compose("exec", "-T", service, "sh", "-c", "id -u; touch /usr/local/x 2>/dev/null; echo $?")

    assert written.split() == ["10001", "1"]


@pytest.mark.compose
@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", SERVICES)
def test_it_is_asked_for_its_health_and_starts_without_a_shell(stack: Stack, service: str) -> None:
    container = inspect(stack.containers(service)[0])

    assert container["State"]["Health"]["Status"] == "healthy"
    assert container["Config"]["Cmd"] == ["python", "-m", f"codeforge_{service}"]


@pytest.mark.compose
@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", SERVICES)
def test_a_stop_ends_it_by_itself(stack: Stack, service: str) -> None:
    started = stack.compose("run", "--detach", "--no-deps", service).split()[-1]
    with removed_afterwards(started) as container:
        wait_until_healthy(container)

        docker("stop", "--time", "35", container)

        assert inspect(container)["State"]["ExitCode"] == 0
