"""What a test does with an installation: submits over HTTP, asks each process how it is, reads the logs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from codeforge_common.job import Status
from tests.plugins.house import House
from tests.plugins.ports import free_port
from tests.plugins.waiting import wait_for
from tests.worker.live.bench import Bench, WorkerProcess


@dataclass(kw_only=True)
class Installation:
    """Gateways and notifiers of a house, workers and journal of a bench, over one store."""

    bench: Bench
    house: House
    probes: dict[str, int] = field(default_factory=dict)
    logs: dict[str, Path] = field(default_factory=dict)
    _told: dict[str, int] = field(default_factory=dict)

    def start_worker(self, name: str = "worker", **settings: Any) -> WorkerProcess:
        """A worker process under a name of its own, ready."""
        self.probes[name] = free_port()
        worker = self.bench.start_worker(metrics_port=self.probes[name], **settings)
        self.logs[name] = worker.program.log
        return worker

    def call(self, method: str, path: str, *, gateway: str = "gateway", **options: Any) -> httpx2.Response:
        """One call of a gateway. Raises httpx2.HTTPError."""
        return httpx2.request(method, f"{self.house.url(gateway)}{path}", timeout=30, **options)

    def order(self, user: str = "user-1", **context: Any) -> dict[str, Any]:
        """The body of a submit; its context names the bench's journal and gate."""
        context = {"journal": str(self.bench.journal), "gate": str(self.bench.gate), **context}
        return {"userId": user, "sessionId": "session-1", "userMessage": "please", "context": context}

    def submit(self, job_type: str, *, gateway: str = "gateway", **context: Any) -> str:
        """Submits over HTTP; the job's id."""
        path = f"/api/jobs/{job_type.replace('_', '-')}"
        answer = self.call("POST", path, gateway=gateway, json=self.order(**context))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["jobId"])

    def checks(self, name: str) -> Mapping[str, Any]:
        """What the process says on ``/readyz``; nothing where it doesn't answer."""
        port = self.probes.get(name) or self.house.probes[name]
        try:
            checks: dict[str, Any] = httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=5).json()["checks"]
        except httpx2.HTTPError:
            return {}
        return checks

    def ready(self, name: str, check: str | None = None) -> bool:
        """Whether a check of the process is good, or all are."""
        checks = self.checks(name)
        return bool(checks) and all(one["ok"] for key, one in checks.items() if check in (None, key))

    def metric(self, worker: str, name: str) -> float:
        """One of a worker's metrics, by its name with its labels; 0 where there is none."""
        text = httpx2.get(f"http://127.0.0.1:{self.probes[worker]}/metrics", timeout=5).text
        found = re.search(rf"^codeforge_{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0

    async def settled(self, *names: str) -> None:
        """Waits until these are ready; what they log from here on is what :meth:`said_so` looks at."""
        for name in names:
            await wait_for(lambda: self.ready(name), within=60, what=f"the {name}'s readiness")  # noqa: B023
            self._told[name] = len(self._lines(name))

    async def said_so(self, name: str, check: str) -> None:
        """The check is good again, and one line told of the change either way, not one for each try in between.

        Twice more is granted: a machine that is busy elsewhere may really not answer in time.
        """
        await wait_for(lambda: self._changes(name, check)[-1:] == ["ready"], within=60, what=f"{check} in {name}'s log")
        assert 1 <= self._changes(name, check).count("not ready") <= 3

    def _changes(self, name: str, check: str) -> Sequence[str]:
        lines = map(json.loads, self._lines(name)[self._told[name] :])
        return [line["event"] for line in lines if line.get("check") == check]

    def _lines(self, name: str) -> Sequence[str]:
        log = self.logs.get(name) or self.house.programs[name].log
        return [line for line in log.read_text().splitlines() if line.startswith("{")]

    async def outlast_a_lease(self, since: float) -> None:
        """Waits until an outage that began then (of ``time.monotonic``) is a second longer than the longest lease."""
        over = since + self.bench.lease_seconds + 1
        await wait_for(lambda: time.monotonic() > over, within=60, what="the time")

    async def runs_again(self) -> None:
        """Waits until a job that is submitted over HTTP is accepted, and completed."""
        accepted: list[str] = []

        def submitted() -> bool:
            answer = self.call("POST", "/api/jobs/probe-echo", json=self.order())
            if answer.status_code == 202:
                accepted.append(answer.json()["jobId"])
            return bool(accepted)

        await wait_for(submitted, within=30, what="a submit that is accepted")
        assert (await self.bench.finished(accepted[0], within=30)).status is Status.COMPLETED
