"""A real store, real workers (here or in processes of their own), and what tests do with them."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from codeforge_common.handler import handlers_in
from codeforge_common.job import JobRecord, Status, new_job_id
from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.store import Limits, Store, Submission
from codeforge_common.telemetry.metrics import Metrics, create_metrics
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_worker.app import build_worker
from codeforge_worker.settings import WorkerSettings
from codeforge_worker.worker import Worker
from tests.plugins.program import Program
from tests.plugins.waiting import wait_for, wait_until
from tests.worker.live import probe_handlers

USER = "user-1"
SECRETS_KEY = "A" * 43


@dataclass(frozen=True, kw_only=True)
class LocalWorker:
    """A worker on the test's own event loop. ``spans`` and ``metrics`` show what it tells."""

    worker: Worker
    metrics: Metrics
    readiness: Readiness
    spans: InMemorySpanExporter

    def count(self, name: str, **labels: str) -> float:
        """The value of one of its metrics."""
        return self.metrics.registry.get_sample_value(f"codeforge_{name}", labels) or 0


class WorkerProcess:
    """``python -m codeforge_worker``."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def pid(self) -> int:
        return self.program.pid

    def signal(self, number: signal.Signals) -> None:
        assert self.program.process is not None
        self.program.process.send_signal(number)

    def exit_code(self, *, within: float) -> int:
        """Waits for its end."""
        assert self.program.process is not None
        try:
            return self.program.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker still runs after {within:g} s:\n{self.program.output()}") from None

    @property
    def has_ended(self) -> bool:
        assert self.program.process is not None
        return self.program.process.poll() is not None

    def says(self, text: str, *, within: float = 10) -> None:
        """Waits until its log holds ``text``."""
        wait_until(lambda: text in self.log, within=within, what=f"{text!r} in the log")

    @property
    def log(self) -> str:
        return self.program.log.read_text()


def lives(process: psutil.Process) -> bool:
    """Whether it runs. One that waits to be reaped doesn't; who does that for an orphan is not ours to say."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Bench:
    """One namespace with a store for the test and any number of workers."""

    def __init__(self, *, url: str, namespace: str, folder: Path, packages: Path) -> None:
        self.url = url
        self.namespace = namespace
        self.folder = folder
        self.packages = packages
        self.store = Store.connect(url, namespace=namespace, limits=Limits(rate_per_minute=0))
        self.workers: list[WorkerProcess] = []
        self.journal = folder / "journal"
        self.gate = folder / "gate"
        self.key = KeyRing.parse(SECRETS_KEY)
        self.lease_seconds = 3

    # Workers. ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def settings(self) -> dict[str, Any]:
        """What all workers of the test have in common."""
        return {
            "redis_url": self.url,
            "store_namespace": self.namespace,
            "job_lease_seconds": self.lease_seconds,
            "job_backoff_seconds": 0.1,
            "secrets_key": SECRETS_KEY,
            "metrics_port": 0,
        }

    @asynccontextmanager
    async def worker(self, *, renew_seconds: float = 1.0, **settings: Any) -> AsyncIterator[LocalWorker]:
        """A worker on this event loop, stopped when the block ends."""
        wanted = WorkerSettings(**self.settings | settings)
        redactor, spans = Redactor(), InMemorySpanExporter()
        tracing = Tracing(wanted, service="worker", redactor=redactor, processor=SimpleSpanProcessor(spans))
        metrics, readiness = create_metrics(), Readiness()
        handlers = {found.name: found for found in handlers_in(probe_handlers)}
        worker = build_worker(
            wanted,
            handlers={name: handlers[name] for name in wanted.worker_types or handlers},
            scratch=self.folder,
            keyring=self.key,
            redactor=redactor,
            tracing=tracing,
            metrics=metrics,
            readiness=readiness,
            renew_seconds=renew_seconds,
        )
        running = asyncio.create_task(worker.run())
        try:
            await wait_for(lambda: "job_types" in readiness.report()[1], within=10, what="the worker's start")
            yield LocalWorker(worker=worker, metrics=metrics, readiness=readiness, spans=spans)
        finally:
            worker.stop()
            assert await running == 0
            tracing.shutdown()

    def start_worker(self, *, within: float = 30, **settings: object) -> WorkerProcess:
        """A worker process whose settings are these, in the environment's names but in lower case."""
        wanted = self.settings | {"log_format": "json", "pythonpath": self.packages, "tmpdir": self.folder} | settings
        environment = {name.upper(): str(value) for name, value in wanted.items()}
        log = self.folder / f"worker-{len(self.workers)}.log"
        program = Program([sys.executable, "-m", "codeforge_worker"], log=log, environment=environment)
        worker = WorkerProcess(program)
        self.workers.append(worker)
        program.start(ready=lambda: '"check": "job_types"' in log.read_text(), within=within)
        return worker

    # Jobs. ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def submit(
        self,
        job_type: str,
        *,
        user: str = USER,
        sealed: Mapping[str, str] | None = None,
        traceparent: str | None = None,
        attempts: int = 3,
        **context: Any,
    ) -> str:
        """A job of that type; its context names the journal and the gate. ``sealed``: its secrets. Its id."""
        job_id = new_job_id()
        known = await self.store.types()
        await self.store.create(
            Submission(
                job_id=job_id,
                type=job_type,
                type_digest=known[job_type].digest,
                user_id=user,
                session_id="session-1",
                user_message="please",
                context={"journal": str(self.journal), "gate": str(self.gate), **context},
                sealed=self.key.seal(sealed, job_id=job_id, user_id=user) if sealed else None,
                traceparent=traceparent,
                attempts_max=attempts,
            )
        )
        return job_id

    async def job(self, job_id: str) -> JobRecord:
        return await self.store.get(job_id, caller=None)

    async def until(
        self, job_id: str, condition: Callable[[JobRecord], bool], *, what: str, within: float = 30
    ) -> JobRecord:
        """The job, once it is so."""
        deadline = time.monotonic() + within
        while True:
            job = await self.job(job_id)
            if condition(job):
                return job
            assert time.monotonic() < deadline, f"{what} didn't come within {within:g} s: {job}\n{self.logs()}"
            await asyncio.sleep(0.02)

    async def finished(self, job_id: str, *, within: float = 30) -> JobRecord:
        return await self.until(job_id, lambda job: job.status.terminal, what="the end", within=within)

    async def has(self, job_id: str, status: Status, *, within: float = 30) -> JobRecord:
        return await self.until(job_id, lambda job: job.status is status, what=status, within=within)

    async def wrote(self, job_id: str, word: str, *, times: int = 1, within: float = 30) -> None:
        """Waits until handlers of the job wrote ``word`` into the journal so many times."""
        await wait_for(
            lambda: self.words(job_id).count(word) >= times, within=within, what=f"{word} of {job_id}\n{self.logs()}"
        )

    def words(self, job_id: str) -> list[str]:
        """What handlers of the job wrote into the journal, in order."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [line.split()[2] for line in lines if line.startswith(f"{job_id} ")]

    def logs(self) -> str:
        return "\n".join(worker.program.output() for worker in self.workers)

    async def close(self) -> None:
        self.gate.touch()
        for worker in self.workers:
            worker.program.kill()
        await self.store.close()
