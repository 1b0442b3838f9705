"""The proxy's configuration, as HAProxy itself reads it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.images.stack import REPOSITORY

CONFIGURATION = REPOSITORY / "deploy" / "haproxy" / "haproxy.cfg"


def test_haproxy_accepts_it_without_a_warning() -> None:
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if haproxy is None:
        pytest.skip("no haproxy here: install the package haproxy")

    checked = subprocess.run([haproxy, "-c", "-dW", "-f", CONFIGURATION], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr


def test_a_request_is_never_sent_twice() -> None:
    # `conn-failure` is the only event after which nothing of the request can have arrived.
    retries = [line.split() for line in CONFIGURATION.read_text().splitlines() if line.strip().startswith("retry-on")]

    assert retries == [["retry-on", "conn-failure"]]
