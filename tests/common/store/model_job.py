"""One job as it should be, said once more in plain Python: small, slow, with no thought of atomicity."""

from __future__ import annotations

from dataclasses import dataclass, field

from codeforge_common.job import Status
from codeforge_common.store import Moment, Report, TimelineEntry, Verdict

KEEP = 15_000
"""How long the model's store keeps jobs at rest (milliseconds)."""

OUTPUT = 12
"""How much output it keeps (bytes)."""


@dataclass(kw_only=True)
class ModelJob:
    """One job. ``lease_ends`` is None while nobody holds it; ``moments`` is its timeline without reasons."""

    id: str
    user: str
    type: str
    attempts_max: int
    priority: int
    created_at: int
    status: Status = Status.WAITING
    due: int | None = None
    since: int = 0
    place: int = 0
    attempts: int = 0
    crashes: int = 0
    cancelled: bool = False
    worker: str | None = None
    token: int = 0
    number: int = 0
    lease: int = 0
    lease_ends: int | None = None
    ended: tuple[str, int] | None = None
    """Worker and token of the last run, if it ended by its own word and no other holder followed."""
    ended_before: tuple[str, int] | None = None
    reported: int = 0
    progress: int = 0
    stage: str | None = None
    lines: list[str] = field(default_factory=list)
    output: bytes = b""
    cut: bool = False
    """Output was refused for want of room: none may follow it within this run."""
    steps: dict[str, tuple[str | bytes, int]] = field(default_factory=dict)
    """By name: what it returned, as bytes that of a private one, and the output's bytes when it ended."""
    sealed: set[str] = field(default_factory=set)
    """The private steps whose results are still there."""
    result: str | None = None
    reason: str | None = None
    changes: int = 0
    removed_at: int | None = None
    request: str | None = None
    moments: list[TimelineEntry] = field(default_factory=list)

    def change(self) -> None:
        """An update follows."""
        self.changes += 1

    def note(self, event: Moment, *, now: int, **members: object) -> None:
        self.moments.append(TimelineEntry(at=now, event=event, **members))  # type: ignore[arg-type]

    def wait(self, *, now: int, place: int | None = None) -> None:
        """Becomes claimable, at the place that its head start gives it if it doesn't keep an earlier one."""
        self.status, self.due, self.since = Status.WAITING, None, now
        self.place = now - 1_000 * self.priority if place is None else place
        self.change()

    def put_off(self, *, now: int, due: int) -> None:
        self.status, self.due = Status.DELAYED, due
        self.change()

    def forget_progress(self) -> None:
        self.progress, self.stage = 0, None

    def claim(self, *, worker: str, token: int, number: int, lease: int, now: int) -> None:
        assert self.status is Status.WAITING, f"a {self.status} job was claimed"
        assert not self.cancelled, "a cancelled job was claimed"
        assert token > self.token, "a claim must raise the token"
        self.status, self.worker, self.token, self.number = Status.ACTIVE, worker, token, number
        self.lease, self.lease_ends = lease, now + lease
        self.pass_on()
        self.attempts += 1
        self.reason = None
        for name, (result, _) in list(self.steps.items()):
            if isinstance(result, bytes) and name not in self.sealed:
                self.forget_steps(name)
                break
        self.cut_output()
        self.change()
        self.note(Moment.CLAIMED, now=now, worker=worker, token=token, attempt=self.attempts)

    @property
    def kept(self) -> int:
        """How many bytes of the output finished steps wrote."""
        return max((end for _, end in self.steps.values()), default=0)

    def verdict(self, *, worker: str, token: int) -> Verdict:
        if self.worker != worker or self.token != token:
            return Verdict.FENCED
        return Verdict.CANCELLED if self.cancelled else Verdict.HELD

    def take(self, report: Report) -> None:
        """A report of the run that holds the job; the same number again does nothing."""
        if report.number <= self.reported:
            return
        self.reported = report.number
        self.lines += report.lines
        self.progress = max(self.progress, report.progress or 0)
        self.stage = report.stage or self.stage
        self._write(report.output.encode())
        if report.lines or report.stage is not None or report.progress is not None:
            self.change()

    def _write(self, text: bytes) -> None:
        fits = b"" if self.cut else text[: OUTPUT - len(self.output)].decode(errors="ignore").encode()
        self.output += fits
        self.cut = self.cut or len(fits) < len(text)

    def finish_step(self, name: str, result: str | bytes) -> None:
        if name in self.steps:
            return
        self.steps[name] = result, len(self.output)
        if isinstance(result, bytes):
            self.sealed.add(name)

    def forget_steps(self, name: str) -> None:
        """Forgets it and those after it."""
        names = list(self.steps)
        for later in names[names.index(name) :]:
            del self.steps[later]
            self.sealed.discard(later)

    def cut_output(self) -> None:
        """What came after the last finished step is written again."""
        if len(self.output) > self.kept:
            self.output, self.cut = self.output[: self.kept], False

    def release(self) -> None:
        assert self.worker is not None
        self.ended = (self.worker, self.token)
        self.worker = self.lease_ends = None
        self.reported = 0

    def pass_on(self) -> None:
        """Another holder follows."""
        self.ended_before, self.ended = self.ended or self.ended_before, None

    def has_ended(self, worker: str, token: int) -> bool:
        return (worker, token) in (self.ended, self.ended_before)

    def rest(self, status: Status, *, now: int) -> None:
        self.status, self.due = status, None
        self.removed_at = now + KEEP
        if status is Status.COMPLETED:
            self.sealed.clear()
        self.change()
        self.note(Moment(status.value), now=now)

    def wait_again(self, *, now: int) -> None:
        """Back without blame, at the place that it had."""
        self.attempts -= 1
        self.forget_progress()
        self.wait(now=now, place=self.place)

    def hand_back(self, *, now: int) -> None:
        self.release()
        self.note(Moment.HANDED_BACK, now=now)
        if self.cancelled:
            self.rest(Status.CANCELLED, now=now)
        else:
            self.pass_on()
            self.wait_again(now=now)

    def retry(self, *, request: str, step: str | None, by: str | None, now: int) -> None:
        """By hand: everything from the start, but for the steps before ``step`` (None: all of them)."""
        if step:
            self.forget_steps(step)
        self.pass_on()
        self.attempts = self.crashes = 0
        self.cancelled, self.removed_at = False, None
        self.result = self.reason = None
        self.request = request
        self.forget_progress()
        self.note(Moment.RETRY_REQUESTED, now=now, by=by)
        self.wait(now=now)
