"""What tests/plugins promises to every other test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import amqp
import psutil
import pytest
import redis

from codeforge_common.store import keys
from tests.architecture.packages import ROOT
from tests.plugins.namespace import fresh_namespace
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_until

pytest_plugins = ["pytester"]


def test_the_shared_server_answers_and_a_namespace_is_fresh(redis_url: str, namespace: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
        assert not list(client.scan_iter(f"*{namespace}*"))
        client.set(keys.key(namespace, "jobs"), "behind")  # removed with the namespace


def test_a_private_server_keeps_its_data_over_kill_9(new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis("--appendonly", "yes", "--appendfsync", "always")
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")
    server.kill()
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"


def test_rabbitmq_takes_and_gives_a_message(rabbitmq_url: str) -> None:
    address = rabbitmq_url.removeprefix("amqp://guest:guest@").removesuffix("//")
    with amqp.Connection(address, connect_timeout=5) as connection:
        channel = connection.channel()
        queue = channel.queue_declare(exclusive=True).queue
        channel.basic_publish(amqp.Message("ring"), routing_key=queue)
        assert channel.basic_get(queue, no_ack=True).body == "ring"


CONFTEST = """
    import sys
    sys.path.insert(0, {root!r})
    pytest_plugins = [{plugins}]
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> Callable[..., pytest.RunResult]:
    """Runs a test module in a pytest of its own with the given plugins."""

    def run(source: str, *plugins: str) -> pytest.RunResult:
        names = ", ".join(f"'tests.plugins.{name}'" for name in plugins)
        pytester.makeconftest(CONFTEST.format(root=str(request.config.rootpath), plugins=names))
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:valkey", timeout=50)

    return run


def test_a_process_left_behind_fails_the_run(inner: Callable[..., pytest.RunResult]) -> None:
    outcome = inner(
        """
        import subprocess, sys

        def test_leaves_an_orphan():
            middle = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
            subprocess.run([sys.executable, "-c", middle], check=True)
        """,
        "processes",
    )
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["*left processes behind*", "*time.sleep(60)*"])


@pytest.mark.parametrize(
    ("key", "complaint"),
    [("stray", "*outside the test's namespace*stray*"), ("{%s}:invented", "*no known family*invented*")],
)
def test_a_key_that_nobody_owns_fails_the_test(
    inner: Callable[..., pytest.RunResult],
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    complaint: str,
) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", redis_url)
    outcome = inner(
        f"""
        import redis

        def test_strays(redis_url, namespace):
            with redis.Redis.from_url(redis_url) as client:
                client.set("{{%s}}:jobs" % namespace, "")
                client.set("{key}".replace("%s", namespace), "", px=3000)
        """,
        "redis_server",
        "namespace",
    )
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines([complaint])


def test_a_house_that_several_tests_share_may_work_on_while_one_has_a_namespace_of_its_own(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        with fresh_namespace(redis_url) as shared, fresh_namespace(redis_url):
            client.set(f"{{{shared}}}:jobs", "")
        assert not client.exists(f"{{{shared}}}:jobs")
        with pytest.raises(AssertionError, match="outside the test's namespace"), fresh_namespace(redis_url):
            client.set(f"{{{shared}}}:jobs", "")
        client.delete(f"{{{shared}}}:jobs")


def test_the_environment_is_the_one_of_this_session() -> None:
    """The mark by which the leak check finds orphans reaches children."""
    shown = subprocess.run(
        [sys.executable, "-c", "import os; print(os.environ['CODEFORGE_TEST_SESSION'])"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert shown.stdout.strip()


def test_servers_die_with_the_session_even_by_kill_9(tmp_path: Path) -> None:
    source = """
import sys, time
from pathlib import Path
from tests.plugins.program import Program
server = Program(["sh", "-c", "sleep 600 & sleep 600"], log=Path(sys.argv[1]))
server.start(ready=lambda: True, within=5)
print(server.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", source, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as session:
        assert session.stdout is not None
        try:
            group = int(session.stdout.readline())
        finally:
            session.kill()

    wait_until(lambda: not [one for one in psutil.process_iter() if _in_group(one, group)], within=5, what="their end")


def _in_group(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
