"""Starts the fake provider in a process of its own, and asks it what it got."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from codeforge_common.testing.model_server.script import Script

_TIMEOUT_SECONDS = 60


class ModelServer:
    """One that runs. ``address`` has no path; ``model`` and ``key`` are the script's."""

    def __init__(self, address: str, *, model: str, key: str | None) -> None:
        self.address = address
        self.model = model
        self.key = key

    @property
    def base_url(self) -> str:
        """Address for clients of OpenAI's API; Anthropic's take :attr:`address`."""
        return f"{self.address}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a worker or gateway that uses this server as an OpenAI-compatible one.

        With ``AGENT_MODEL`` set to ``anthropic:`` and :attr:`model` they do for Anthropic's API, too.
        """
        keys = {} if self.key is None else {"OPENAI_API_KEY": self.key, "ANTHROPIC_API_KEY": self.key}
        return {
            "AGENT_MODEL": f"openai:{self.model}",
            "OPENAI_BASE_URL": self.base_url,
            "ANTHROPIC_BASE_URL": self.address,
            **keys,
        }

    def requests(self) -> list[dict[str, Any]]:
        """Every request to a model, in order: ``path``, ``headers`` (names in lower case), ``body``.

        ``status`` is None while the answer hasn't begun; ``gone`` tells that the client left before it had the whole.
        """
        seen: list[dict[str, Any]] = self._call("GET", "/requests")
        return seen

    def pause(self) -> None:
        """Lets every request wait from now on."""
        self._call("POST", "/pause")

    def resume(self) -> None:
        """Lets go the requests that wait, by a pause or by an answer's ``hold``."""
        self._call("POST", "/resume")

    def _call(self, method: str, path: str) -> Any:
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def model_server(script: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, port: int = 0) -> Iterator[ModelServer]:
    """A server for ``script``, on loopback, which ends with the block, and with the process that started it.

    :raises ValueError: the script has something that means nothing.
    """
    read = Script(script)
    with TemporaryDirectory(prefix="model-server-") as folder:
        file = Path(folder, "script.json")
        file.write_text(json.dumps(script), encoding="utf-8")
        program = [sys.executable, "-m", "codeforge_common.testing.model_server", "--with-stdin"]
        arguments = ["--script", str(file), "--port", str(port)]
        with subprocess.Popen([*program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                address = process.stdout.readline().decode().strip()
                assert address, "the server says at its standard error why it didn't start"
                yield ModelServer(address, model=read.model, key=read.key)
            finally:
                process.kill()
