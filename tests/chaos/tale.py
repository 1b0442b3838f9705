"""Histories made up for the checker's own tests: told change by change, with the records and indexes that follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codeforge_common.job import TERMINAL, Status
from tests.chaos.check import Rule, check
from tests.chaos.history import Answer, Cancel, Change, Freeze, History, Indexes, Record, Restore
from tests.chaos.journal import BEAT_SECONDS, Line, Word

USER, WORKER = "ann", "worker-1.1"


class Tale:
    """What happened to some jobs, told in order. Moments are seconds since the beginning."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.cancels: list[Cancel] = []
        self.changes: list[Change] = []
        self.lines: list[Line] = []
        self.restores: list[Restore] = []
        self.freezes: list[Freeze] = []
        self._entries = 0
        self._tokens: dict[str, list[int]] = defaultdict(list)

    # The store. ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def accept(self, job: str = "job-1", *, type: str = "chaos_plain", succeed_at: int = 1) -> None:
        """Somebody submits at 0 and is answered."""
        answer = Answer(key=f"key of {job}", job=job, type=type, user=USER, succeed_at=succeed_at)
        self.answers.append(answer)
        self._change(job, 0.0, status=Status.WAITING)

    def claim(self, at: float, job: str = "job-1") -> None:
        """A worker takes it."""
        attempt = self._last(job).attempt + 1
        self._change(job, at, status=Status.ACTIVE, attempt=attempt, started=f"at {at}")
        self._tokens[job].append(int(1000 * at))

    def progress(self, at: float, run: str, job: str = "job-1") -> None:
        """A run's report is taken."""
        self._change(job, at, stage=run)

    def cancel(self, at: float, job: str = "job-1") -> None:
        """Somebody cancels it while it runs, and is answered."""
        self.cancels.append(Cancel(job=job, code=200))
        self._change(job, at, cancel_requested=True)

    def hand_back(self, at: float, job: str = "job-1") -> None:
        """The worker returns it."""
        last = self._last(job)
        self._change(job, at, status=Status.WAITING, attempt=last.attempt - 1, stage=None)

    def crash(self, at: float, job: str = "job-1") -> None:
        """Its lease runs out."""
        last = self._last(job)
        crashed = {"attempt": last.attempt - 1, "crashes": last.crashes + 1}
        self._change(job, at, status=Status.WAITING, stage=None, **crashed)

    def end(self, at: float, run: str | None, job: str = "job-1", *, status: Status = Status.COMPLETED) -> None:
        """It comes to rest."""
        self._change(job, at, status=status, result_of=run)

    def retry(self, at: float, job: str = "job-1") -> None:
        """The attempt has failed, and another will come."""
        self._change(job, at, status=Status.DELAYED, stage=None)

    def restore(self, *, copied: float, stopped: float, back: float) -> None:
        """Older files are put back: what was told since the copy is lost."""
        lost = [change for change in self.changes if change.at > copied]
        self.changes = [change for change in self.changes if change.at <= copied]
        self._entries -= len(lost)
        for job, tokens in self._tokens.items():
            self._tokens[job] = [token for token in tokens if token <= 1000 * copied]
        self.restores.append(Restore(copied_at=copied, stopped_at=stopped, back_at=back, lost=lost))

    # The workers. ────────────────────────────────────────────────────────────────────────────────────────────────────

    def run(
        self, name: str, first: float, last: float, job: str = "job-1", *, process: str = WORKER, end: str = Word.END
    ) -> None:
        """A run writes from ``first`` to ``last``, and ``end`` then."""
        self.line(name, first, job, process=process, word=Word.BEGIN)
        for beat in range(1, int((last - first) / BEAT_SECONDS)):
            self.line(name, first + BEAT_SECONDS * beat, job, process=process)
        self.line(name, last, job, process=process, word=end)

    def line(self, run: str, at: float, job: str = "job-1", *, process: str = WORKER, word: str = Word.BEAT) -> None:
        """A run writes one line."""
        self.lines.append(Line(job, run, process, 1, word, at))

    def freeze(self, stopped: float, continued: float, *, process: str = WORKER) -> None:
        """SIGSTOP and SIGCONT."""
        self.freezes.append(Freeze(process=process, stopped_at=stopped, continued_at=continued))

    # What is left. ───────────────────────────────────────────────────────────────────────────────────────────────────

    def history(self) -> History:
        """All of it, with records and indexes as they must be."""
        records = self._records()
        return History(
            answers=self.answers,
            cancels=self.cancels,
            lines=self.lines,
            changes=self.changes,
            restores=self.restores,
            freezes=self.freezes,
            records=records,
            indexes=indexes_of(records),
        )

    def _change(self, job: str, at: float, **changed: object) -> None:
        self._entries += 1
        last = self._last(job)
        entry = f"{int(at * 1000)}-{self._entries}"
        told = replace(last, entry=entry, n=self._entries, at=at, seq=last.seq + 1)
        self.changes.append(replace(told, **changed))  # type: ignore[arg-type]

    def _last(self, job: str) -> Change:
        none = Change(entry="", n=0, job=job, seq=0, at=0, status="")
        return next((change for change in reversed(self.changes) if change.job == job), none)

    def _records(self) -> Mapping[str, Record]:
        types = {answer.job: answer.type for answer in self.answers}
        return {
            change.job: Record(
                type=types[change.job],
                user=USER,
                status=change.status,
                seq=change.seq,
                attempts=change.attempt,
                crashes=change.crashes,
                result_of=change.result_of,
                tokens=self._tokens[change.job],
            )
            for change in self.changes
        }


def indexes_of(records: Mapping[str, Record]) -> Indexes:
    """The indexes of jobs that have all come to rest."""
    assert all(record.status in TERMINAL for record in records.values()), "a tale ends at rest"
    members: dict[str, list[str]] = defaultdict(list)
    numbers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for job, record in records.items():
        members[f"jobs:{record.user}"].append(job)
        members["finished:completed" if record.status == Status.COMPLETED else "finished:failed"].append(job)
        if record.status == Status.COMPLETED:
            members[f"completed:{record.type}:{record.user}"].append(job)
        numbers[f"counts:{record.type}"][record.status] += 1
    return Indexes(members=members, numbers=numbers, parts=set(records))


def completed() -> Tale:
    """One job, claimed at 1, run as ``a`` and completed at 2."""
    tale = Tale()
    tale.accept()
    tale.claim(1.0)
    tale.run("a", 1.01, 1.9)
    tale.progress(1.1, "a")
    tale.end(2.0, "a")
    return tale


def crashed(*, lease_ends: float = 4.0) -> Tale:
    """One job whose first run ``a`` was frozen at 1.5; its lease ran out at 4, and ``b`` completed it from 5 to 6."""
    tale = Tale()
    tale.accept()
    tale.claim(1.0)
    tale.progress(1.1, "a")
    tale.crash(lease_ends)
    tale.claim(5.0)
    tale.run("b", 5.01, 5.9, process="worker-2.1")
    tale.progress(5.1, "b")
    tale.end(6.0, "b")
    return tale


def recorded(history: History, **changed: Any) -> History:
    """The same, the records of its jobs changed, and the indexes with them."""
    records = {job: replace(record, **changed) for job, record in history.records.items()}
    return replace(history, records=records, indexes=indexes_of(records))


def rules(history: History) -> set[Rule]:
    """Which rules a history breaks."""
    return {violation.rule for violation in check(history).violations}
