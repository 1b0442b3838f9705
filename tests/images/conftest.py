"""A running stack for the tests of this folder, and a line that says how to get one where there is no engine."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.images.stack import REPOSITORY, TOKEN, Stack
from tests.plugins.ports import free_port


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where no container engine with Compose answers."""
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "ls"], capture_output=True).returncode:
        pytest.skip("no container engine with Compose answers: install Docker, start it, then `make test-compose`")


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The folder of the JavaScript clients, with their packages installed."""
    if shutil.which("npm") is None:
        pytest.skip("no Node: install Node 18 or newer with npm, then `make test-compose`")
    folder = REPOSITORY / "tests" / "js"
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def repositories() -> Iterator[Path]:
    """A folder with the repository ``acme/sample``: two commits, two languages. ``private/sample`` is the same."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)  # the user in the container is another
        work = root / "work"
        work.mkdir()

        def git(*arguments: str) -> None:
            identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
            subprocess.run(["git", *identity, *arguments], cwd=work, check=True, capture_output=True)

        git("init", "--initial-branch=main")
        (work / "README.md").write_text("# Sample\n\nAdds numbers.\n")
        (work / "adder.py").write_text("def add(a: int, b: int) -> int:\n    return a + b  # TODO: overflow\n")
        git("add", ".")
        git("commit", "--message", "Add numbers")
        (work / "adder.js").write_text("export const add = (a, b) => a + b;\n")
        git("add", ".")
        git("commit", "--message", "Add them in the browser, too")
        for owner in ("acme", "private"):
            git("clone", "--bare", ".", str(root / owner / "sample.git"))
        yield root


@pytest.fixture(scope="session")
def stack(engine: None, repositories: Path) -> Iterator[Stack]:
    """The whole stack with two workers and two notifiers, gone with its volumes afterwards."""
    stack = Stack(
        project=f"codeforge-test-{secrets.token_hex(4)}",
        origin_port=free_port(),
        prometheus_port=free_port(),
        grafana_port=free_port(),
        environment={"TEST_REPOSITORIES": str(repositories), "TEST_TOKEN": TOKEN},
    )
    try:
        stack.compose("up", "--build", "--wait", "--quiet-pull", "--scale", "worker=2", "--scale", "notifier=2")
        yield stack
    except AssertionError as failed:
        raise AssertionError(f"{failed}\n{stack.compose('logs', '--no-color', '--tail', '50', check=False)}") from None
    finally:
        stack.compose("down", "--volumes", "--remove-orphans")
