"""The Compose stack of the repository, started by a test under a name and on ports of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.plugins.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
FILES = (REPOSITORY / "docker-compose.yml", Path(__file__).parent / "compose.github.yml")

TOKEN = "token-" + secrets.token_hex(16)
"""What the server of repositories wants to see before it hands out ``private/sample``."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One running stack. Ports are on 127.0.0.1; ``environment`` is what Compose fills its files with."""

    project: str
    origin_port: int
    prometheus_port: int
    grafana_port: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The one address that browsers see."""
        return f"http://127.0.0.1:{self.origin_port}"

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Runs ``docker compose`` for this stack and returns its stdout; a failure's stderr is in the error."""
        files = [argument for path in FILES for argument in ("--file", str(path))]
        ports = {
            "PORT": str(self.origin_port),
            "PROMETHEUS_PORT": str(self.prometheus_port),
            "GRAFANA_PORT": str(self.grafana_port),
        }
        done = subprocess.run(
            ["docker", "compose", "--project-name", self.project, *files, *arguments],
            capture_output=True,
            text=True,
            env=os.environ | dict(self.environment) | ports,
        )
        assert done.returncode == 0 or not check, f"docker compose {arguments[0]} failed:\n{done.stderr[-8000:]}"
        return done.stdout

    def containers(self, service: str) -> list[str]:
        """Ids of the running containers of ``service``."""
        return self.compose("ps", "--quiet", service).split()

    def submit(
        self, *, user: str, session: str, repository: str, token: str | None = None, traceparent: str | None = None
    ) -> str:
        """Sends an agent task through the proxy and returns the job's id. ``token``: GitHub's, for the clone."""
        answer = httpx2.post(
            f"{self.origin}/api/jobs/agent-task",
            headers={"traceparent": traceparent} if traceparent else {},
            json={
                "userId": user,
                "sessionId": session,
                "userMessage": f"Analyze {repository}",
                "context": {"repository": repository} | ({"githubContext": {"token": token}} if token else {}),
            },
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["jobId"])

    def job(self, job_id: str, *, user: str) -> dict[str, Any]:
        """The job's record, as its owner gets it."""
        answer = httpx2.get(f"{self.origin}/api/jobs/{job_id}", params={"userId": user})
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()["job"]
        return record

    def ended(self, job_id: str, *, user: str) -> dict[str, Any]:
        """The job's record, once it has come to rest."""
        resting = ("completed", "failed", "cancelled")
        wait_until(lambda: self.job(job_id, user=user)["status"] in resting, within=90, what=f"the end of {job_id}")
        return self.job(job_id, user=user)

    def prometheus(self, path: str, **parameters: str) -> Any:
        """``data`` of an answer of Prometheus' HTTP API, e.g. of ``query``."""
        answer = httpx2.get(f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}", params=parameters)
        body = answer.json()
        assert body["status"] == "success", f"{path} {parameters}: {body}"
        return body["data"]

    def query(self, expression: str, *, by: str) -> dict[str, float]:
        """The value of a PromQL expression now, by the label that tells its series apart."""
        result = self.prometheus("query", query=expression)["result"]
        return {series["metric"].get(by, ""): float(series["value"][1]) for series in result}

    def grafana(self, path: str, **parameters: str) -> Any:
        """An answer of Grafana's HTTP API to somebody who isn't logged in."""
        answer = httpx2.get(f"http://127.0.0.1:{self.grafana_port}/api/{path}", params=parameters)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def jaeger(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        """Traces from the trace store, which is reached through Grafana; none while it knows none."""
        answer = httpx2.get(
            f"http://127.0.0.1:{self.grafana_port}/api/datasources/proxy/uid/jaeger/api/{path}", params=parameters
        )
        assert answer.status_code in (200, 404), answer.text  # 404: a trace that isn't there yet
        traces: list[dict[str, Any]] = answer.json()["data"] or []
        return traces
