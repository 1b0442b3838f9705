"""The programs of the how-to "Watch jobs live" do what it says, also when the server goes away."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from codeforge_common.store import keys
from tests.js.watch import FOLDER, node
from tests.plugins.house import House
from tests.plugins.waiting import wait_until

EXAMPLES = Path(__file__).parents[2] / "docs/examples/watch"
DRIVER = Path(__file__).with_name("drive.mjs")
TITLE = "Write\u2028it"
"""With a character that some programs take for the end of a line."""


@dataclass(frozen=True)
class Page:
    """A running program; ``log`` holds what it showed."""

    log: Path

    def said(self) -> list[Any]:
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]

    def shown(self, job_id: str) -> list[int]:
        """The sequence numbers of a job's states, in the order in which they were shown."""
        return [each["seq"] for each in self.said() if each != "clear" and each["jobId"] == job_id]

    def shows(self, job_id: str, status: str) -> None:
        """Waits for it."""

        def there() -> bool:
            return any(each != "clear" and (each["jobId"], each["status"]) == (job_id, status) for each in self.said())

        wait_until(there, within=20, what=f"{status} of {job_id} in {self.log.name}")


@pytest.fixture
def house(new_house: Callable[..., House]) -> House:
    """Edge, which pages talk to, and beside it a gateway and a worker that go on while edge is away."""
    return new_house("edge", "gateway", "worker")


@pytest.fixture
def pages(house: House, tmp_path: Path) -> Iterator[list[Page]]:
    """Each program, showing Ada's jobs."""
    folder = tmp_path / "pages"
    shutil.copytree(EXAMPLES, folder)
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    with ExitStack() as stack:
        pages = []
        for program in ("watch-jobs.mjs", "follow-jobs.mjs"):
            page = Page(tmp_path / f"{program}.log")
            command = [node(), str(DRIVER), program, house.url("edge"), "ada"]
            log = stack.enter_context(page.log.open("w"))
            process = stack.enter_context(subprocess.Popen(command, cwd=folder, stdout=log))
            stack.callback(process.kill)
            pages.append(page)
        yield pages


def submit(house: House) -> str:
    """A job of Ada's, at rest before this returns: without a model it fails at once."""
    order = {"userId": "ada", "sessionId": "s", "userMessage": TITLE}
    url = f"{house.url('gateway')}/api/jobs/code-generation"
    answer = httpx2.post(url, json=order, headers={"Prefer": "wait=25"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["jobId"])


def test_each_state_is_shown_once_also_those_of_a_time_without_server(house: House, pages: list[Page]) -> None:
    before = submit(house)
    for page in pages:
        page.shows(before, "failed")
    house.programs["edge"].kill()
    meanwhile = submit(house)
    house.start("edge")
    for page in pages:
        page.shows(meanwhile, "failed")
    after = submit(house)
    for page in pages:
        page.shows(after, "failed")
        assert page.shown(meanwhile)[0] == 1  # nothing was missed
        for job_id in (before, meanwhile, after):
            assert page.shown(job_id) == sorted(set(page.shown(job_id)))
        assert {each["title"] for each in page.said() if each != "clear"} == {TITLE}


def test_a_log_that_cannot_go_on_makes_a_page_begin_anew(
    house: House, pages: list[Page], redis_url: str, namespace: str
) -> None:
    job_id = submit(house)
    for page in pages:
        page.shows(job_id, "failed")
    house.programs["edge"].kill()
    cleared = [page.said().count("clear") for page in pages]
    with redis.Redis.from_url(redis_url) as server:
        server.delete(keys.key(namespace, keys.EVENTS), keys.key(namespace, keys.LOG))
    house.start("edge")
    for page, times in zip(pages, cleared, strict=True):

        def shown_anew(page: Page = page, times: int = times) -> bool:
            seqs = page.shown(job_id)
            return page.said().count("clear") == times + 1 and seqs[-2:] == [seqs[-1]] * 2

        wait_until(shown_anew, within=20, what=f"the new beginning in {page.log.name}")
