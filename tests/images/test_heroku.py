"""The manifest that Heroku reads, and the image of its public process under Heroku's conditions."""

from __future__ import annotations

import base64
import re
import secrets
import time
from typing import Any

import httpx2
import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.images.containers import docker, inspect, removed_afterwards, wait_until_healthy
from tests.images.stack import REPOSITORY, Stack
from tests.plugins.ports import free_port

MANIFEST: dict[str, Any] = yaml.safe_load((REPOSITORY / "heroku.yml").read_text())
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
SECRET = secrets.token_hex(32)


def test_the_public_process_is_edge_and_a_worker_stands_beside_it() -> None:
    built = {process: image["target"] for process, image in MANIFEST["build"]["docker"].items()}

    assert built == {"web": "edge", "worker": "worker"}
    assert all(f"\nFROM runtime AS {target}\n" in DOCKERFILE for target in built.values())


def test_each_process_runs_what_its_image_was_made_for() -> None:
    for process, image in MANIFEST["build"]["docker"].items():
        command = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", MANIFEST["run"][process])

        assert command == f"exec python -m codeforge_{image['target']}"


def test_it_is_open_to_the_world_and_so_wants_tokens() -> None:
    assert MANIFEST["setup"]["config"]["AUTH_MODE"] == "jwt"
    # Secrets are set by hand and never stand in a file.
    assert not [name for name in MANIFEST["setup"]["config"] if "SECRET" in name or "KEY" in name]


@pytest.mark.compose
@pytest.mark.timeout(900)
def test_web_serves_both_halves_as_a_user_that_heroku_makes_up(stack: Stack) -> None:
    image = docker("build", "--quiet", "--target", MANIFEST["build"]["docker"]["web"]["target"], str(REPOSITORY))
    port = free_port()
    settings = {
        "PORT": "5000",
        "REDIS_URL": "redis://valkey:6379/1",
        "AUTH_JWT_SECRET": SECRET,
        "SECRETS_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        **MANIFEST["setup"]["config"],
    }
    started = docker(
        *["run", "--detach", "--user", "54321", "--network", f"{stack.project}_default"],
        *["--publish", f"127.0.0.1:{port}:5000"],
        *[argument for name, value in settings.items() for argument in ("--env", f"{name}={value}")],
        *[image, "sh", "-c", MANIFEST["run"]["web"]],
    )
    with removed_afterwards(started) as container:
        wait_until_healthy(container)

        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/api/jobs/user/ada").status_code == 401
            assert client.get("/api/jobs/user/ada", headers=bearer("ada")).json()["jobs"] == []
            assert '"sid"' in client.get("/socket.io/", params={"EIO": "4", "transport": "polling"}).text

        docker("stop", "--time", "30", container)

        assert inspect(container)["State"]["ExitCode"] == 0


def bearer(user: str) -> dict[str, str]:
    claims = {"sub": user, "exp": int(time.time()) + 600}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    return {"Authorization": f"Bearer {token}"}
