"""Looks at the whole store after each step of a history: at every key, and at the records and events that changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from codeforge_common.event_log.entry import decode
from codeforge_common.job import TRANSITIONS, Status
from codeforge_common.store import Moment, TimelineEntry
from tests.common.store.checks import (
    as_update,
    check_credits,
    check_indexes,
    check_owners,
    check_record,
)
from tests.common.store.harness import Harness
from tests.common.store.model import Model
from tests.common.store.model_job import ModelJob
from tests.common.store.snapshot import Snapshot, snapshot


class Witness:
    """Remembers the newest event of each job, and what it has found right already."""

    def __init__(self, bench: Harness, model: Model, *, timeline_max: int) -> None:
        self._bench = bench
        self._model = model
        self._timeline_max = timeline_max
        self._after = "-"
        self._told: dict[str, dict[str, Any]] = {}
        self._found_right: dict[str, object] = {}

    async def look(self) -> None:
        """Fails where the store and the model disagree."""
        found = await snapshot(self._bench.redis, self._bench.namespace, after=self._after)
        jobs = self._model.jobs
        check_indexes(found, list(jobs.values()), self._model.types)
        check_owners(found, jobs)
        check_credits(found, self._model)
        for gone in self._told.keys() - jobs.keys():
            del self._told[gone], self._found_right[gone]
        self._hear(found)
        for job in jobs.values():
            state = (job.changes, len(job.moments), tuple(job.steps), job.output)
            if self._found_right.get(job.id) != state:
                await self._ask_about(job, found)
                self._found_right[job.id] = state

    def _hear(self, found: Snapshot) -> None:
        for entry, fields in found.entries():
            self._after = f"({entry}"
            raw = {name.encode(): value.encode("utf-8", "surrogateescape") for name, value in fields.items()}
            for told in decode(entry.encode(), raw).updates:
                job_id, seq = told.job_id, told.seq
                if job_id in self._model.jobs:
                    update = json.loads(told.json)
                    del update["cursor"]
                    before = self._told.get(job_id, {"seq": 0})
                    assert update["seq"] == seq == before["seq"] + 1, "I4: a gap"
                    if seq > 1:
                        was, is_now = Status(before["status"]), Status(update["status"])
                        assert was is is_now or is_now in TRANSITIONS[was], f"{was} → {is_now}"
                    self._told[job_id] = update

    async def _ask_about(self, job: ModelJob, found: Snapshot) -> None:
        record = await self._bench.store.get(job.id, caller=job.user)
        check_record(record, job)
        assert self._told[job.id] == as_update(record), "I4: the last event isn't the record"
        kept = found.text(f"job:{job.id}:output") or ""
        assert kept.encode() == job.output
        if job.status is Status.WAITING:
            assert record.position == 1 + self._model.waiting(job.type, job.user).index(job)
            assert record.ahead is not None and record.ahead >= record.position - 1
        timeline = await self._bench.store.timeline(job.id, caller=job.user)
        assert [_bare(entry) for entry in timeline.entries] == job.moments[timeline.dropped :]
        assert timeline.dropped == 0 or len(timeline.entries) >= self._timeline_max


def _bare(entry: TimelineEntry) -> TimelineEntry:
    # The model knows no reasons; and until when a job was put off at first is told only as long as nothing followed.
    due = None if entry.event is Moment.SUBMITTED else entry.due
    return replace(entry, reason=None, due=due)
