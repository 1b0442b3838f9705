"""That Kombu carries the work: from a submit to a handler in a worker process, over each broker."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codeforge_common.job import JobRecord, Status, new_job_id
from codeforge_common.queue import Bell, Broker
from codeforge_common.store import Limits, Store, Submission
from codeforge_common.telemetry.metrics import create_metrics
from tests.plugins.brokers import rings_left
from tests.plugins.ports import free_port
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_until
from tests.worker.live.bench import Bench
from tests.worker.live.package import install_probe

ECHO, WAIT = "probe_echo", "probe_wait"
JOBS = 40
CREDITED_RINGS = 64
"""More rings than this never lie in a broker, however many jobs wait."""


class Office:
    """What a gateway does, a worker's bench, and the worker's metrics."""

    def __init__(self, bench: Bench, broker: Broker) -> None:
        self.bench = bench
        self.broker = broker
        self.bell = Bell(broker=broker, metrics=create_metrics())
        self.rung = 0
        self._metrics_ports: list[int] = []

    async def __aenter__(self) -> Office:
        self.bell.start()
        wait_until(lambda: self.bell.connected, within=10, what="the bell's connection")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.bell.close()
        await self.bench.close()

    async def start_worker(self, **settings: Any) -> None:
        """Starts one and waits until it listens and its job types are known."""
        self._metrics_ports.append(free_port())
        worker = self.bench.start_worker(broker_url=self.broker.url, metrics_port=self._metrics_ports[-1], **settings)
        worker.says("codeforge-consumer")
        async with asyncio.timeout(10):
            while WAIT not in await self.bench.store.types():
                await asyncio.sleep(0.05)

    async def submit(self, job_type: str, *, user: str = "user-1") -> str:
        """Creates a job and rings as the store says."""
        job_id = new_job_id()
        digest = (await self.bench.store.types())[job_type].digest
        await self.create(
            Submission(
                job_id=job_id,
                type=job_type,
                type_digest=digest,
                user_id=user,
                session_id="session-1",
                user_message="please",
                context={"journal": str(self.bench.journal), "gate": str(self.bench.gate)},
            )
        )
        return job_id

    async def create(self, submission: Submission) -> None:
        accepted = await self.bench.store.create(submission)
        if accepted.ring:
            self.rung += 1
            self.bell.ring({submission.type: 1})

    def claims(self, cause: str) -> int:
        """How many claims of all workers took work for this cause."""
        found = 0
        for port in self._metrics_ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
            value = re.search(rf'^codeforge_claims_total{{cause="{cause}"}} (\S+)$', text, re.MULTILINE)
            found += int(float(value[1])) if value else 0
        return found


@pytest.fixture(scope="module")
def probe_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the test handlers installed."""
    return install_probe(tmp_path_factory.mktemp("packages"))


@pytest.fixture
async def office(broker: Broker, redis_url: str, tmp_path: Path, probe_packages: Path) -> AsyncIterator[Office]:
    """Jobs in the session's Redis; rings over each broker."""
    bench = Bench(url=redis_url, namespace=broker.namespace, folder=tmp_path, packages=probe_packages)
    async with Office(bench, broker) as office:
        yield office


def waited(job: JobRecord) -> float:
    """Seconds from submit to start."""
    assert job.started_at is not None
    return (job.started_at - job.created_at) / 1000


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_worker_that_was_idle_for_long_starts_a_job_at_once(
    new_redis: Callable[..., RedisServer], rabbitmq_url: str, namespace: str, tmp_path: Path, probe_packages: Path
) -> None:
    """Without its own look for work: only the ring can tell it. One installation for each broker, side by side."""
    async with AsyncExitStack() as stack:
        offices = []
        for number, broker_url in enumerate((None, rabbitmq_url)):
            store_url = new_redis().url
            folder = tmp_path / str(number)
            folder.mkdir()
            bench = Bench(url=store_url, namespace=namespace, folder=folder, packages=probe_packages)
            office = Office(bench, Broker(url=broker_url or store_url, namespace=namespace))
            offices.append(await stack.enter_async_context(office))
            await office.start_worker(worker_idle_poll_seconds=0)
        await asyncio.sleep(30)

        for office in offices:
            job = await office.bench.finished(await office.submit(ECHO))
            assert office.claims("ring") == 1
            assert waited(job) < 0.5


async def test_idle_workers_are_rung_and_need_not_look(office: Office) -> None:
    for _ in range(2):
        await office.start_worker(worker_idle_poll_seconds=1)
    await office.bench.finished(await office.submit(ECHO))
    before = {cause: office.claims(cause) for cause in ("ring", "idle")}

    jobs = [await office.bench.finished(await office.submit(ECHO)) for _ in range(JOBS)]

    rung, looked = (office.claims(cause) - before[cause] for cause in ("ring", "idle"))
    assert rung + looked == JOBS
    assert rung >= 0.95 * JOBS
    assert sorted(map(waited, jobs))[JOBS // 2] < 0.1


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_saturated_worker_is_not_rung(
    new_redis: Callable[..., RedisServer], tmp_path: Path, probe_packages: Path
) -> None:
    """100,000 jobs for it leave no pile of rings."""
    server = new_redis()
    bench = Bench(url=server.url, namespace="codeforge", folder=tmp_path, packages=probe_packages)
    await bench.store.close()
    bench.store = Store.connect(server.url, limits=Limits(rate_per_minute=0, user_max_waiting=0))
    async with Office(bench, Broker(url=server.url)) as office:
        await office.start_worker(worker_concurrency=2)
        running = [await office.submit(WAIT) for _ in range(2)]
        for job_id in running:
            await bench.has(job_id, Status.ACTIVE)
        office.rung = 0

        template = Submission(
            job_id="",
            type=WAIT,
            type_digest=(await bench.store.types())[WAIT].digest,
            user_id="user-1",
            session_id="session-1",
            user_message="please",
        )
        for _ in range(100_000 // 200):
            await asyncio.gather(*(office.create(replace(template, job_id=new_job_id())) for _ in range(200)))

        assert office.rung <= CREDITED_RINGS
        assert rings_left(office.broker, WAIT) <= CREDITED_RINGS
        (counts,) = [one.counts for one in (await bench.store.cluster()).types if one.type == WAIT]
        assert (counts[Status.WAITING], counts[Status.ACTIVE]) == (100_000, 2)


async def test_a_saturated_worker_that_renews_all_the_time_hands_nothing_back(office: Office) -> None:
    """A renewal that doesn't know of the latest claim must not touch what that claim took."""
    hasty = str(Path(__file__).with_name("hasty_worker.py"))
    await office.start_worker(command=(hasty,), worker_concurrency=2)
    office.bench.gate.touch()
    users = [f"user-{number}" for number in range(10)]

    job_ids = [await office.submit(WAIT, user=users[number % 10]) for number in range(200)]
    jobs = [await office.bench.finished(job_id, within=30) for job_id in job_ids]

    assert {job.status for job in jobs} == {Status.COMPLETED}
    assert {(job.attempts_made, job.crashes) for job in jobs} == {(1, 0)}
    assert [office.bench.words(job_id) for job_id in job_ids] == [["begin", "end"]] * 200
