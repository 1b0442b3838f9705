"""The manifest that Heroku reads, against the Dockerfile that it builds."""

from __future__ import annotations

import re
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.images.stack import REPOSITORY

MANIFEST: dict[str, Any] = yaml.safe_load((REPOSITORY / "heroku.yml").read_text())
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


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


def test_a_user_that_heroku_makes_up_may_enter_the_working_folder() -> None:
    assert "--mode=755 /var/lib/codeforge" in DOCKERFILE
