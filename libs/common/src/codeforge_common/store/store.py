"""The store as the services use it: one method a script, one script a change.

Every method may raise :class:`~codeforge_common.errors.StoreUnavailable`. ``caller`` is the user for whom a call is
made, None for a client that names nobody (development mode); another user's job raises
:class:`~codeforge_common.errors.JobNotFound`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from codeforge_common.errors import NotDurable
from codeforge_common.job import JobRecord, JobType, Status
from codeforge_common.store.caller import Caller, Observe
from codeforge_common.store.connect import ANSWER_SECONDS, connect
from codeforge_common.store.conversations import Conversations
from codeforge_common.store.group_commit import GroupCommit
from codeforge_common.store.messages import (
    Accepted,
    Changed,
    ClusterState,
    Held,
    Limits,
    Outcome,
    Output,
    Page,
    Rate,
    ReapRound,
    Renewal,
    Report,
    Served,
    ServerState,
    Settled,
    Submission,
    Swept,
    Timeline,
    Turn,
    TypeState,
    Verdict,
)
from codeforge_common.store.records import (
    after_request,
    by_name,
    by_name_and_status,
    outcome_request,
    output_of,
    record_of,
    report_request,
    run_of,
    serves_request,
    settled_of,
    submission_request,
    timeline_of,
)
from codeforge_common.store.refusals import raise_refusal
from codeforge_common.store.steps import StepStore


class Store(StepStore):
    """Asynchronous access to the store; one instance for one event loop."""

    def __init__(
        self,
        redis: Redis,
        *,
        namespace: str = "codeforge",
        limits: Limits | None = None,
        clock: Callable[[], int] | None = None,
        observe: Observe | None = None,
        fsync_ms: int | None = None,
        timeout: float = ANSWER_SECONDS,
    ) -> None:
        """``timeout``: seconds that a call may take in all. ``clock`` (milliseconds) replaces the server's in tests.

        ``observe`` hears each call's script and seconds.
        ``fsync_ms``: how long a submit waits until the disk has it; None doesn't wait.
        """
        self._redis = redis
        self._caller = Caller(
            redis, namespace=namespace, limits=limits or Limits(), timeout=timeout, clock=clock, observe=observe
        )
        self._fsync_ms = fsync_ms
        self._creates = GroupCommit(self._create_all)
        self.conversations = Conversations(self._caller)

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        namespace: str = "codeforge",
        limits: Limits | None = None,
        max_connections: int = 2,
        tls_verify: str = "full",
        tls_ca: str | None = None,
        timeout: float = ANSWER_SECONDS,
        observe: Observe | None = None,
        fsync_ms: int | None = None,
    ) -> Store:
        """A store at ``url`` (``redis://``, ``rediss://``, ``sentinel://h1,h2/0?master=name``). Connects lazily."""
        redis = connect(url, max_connections=max_connections, timeout=timeout, tls_verify=tls_verify, tls_ca=tls_ca)
        return cls(redis, namespace=namespace, limits=limits, observe=observe, fsync_ms=fsync_ms, timeout=timeout)

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose(close_connection_pool=True)

    async def ping(self) -> None:
        """Returns when the server answers scripts. Raises StoreUnavailable."""
        await self._caller.call("types")

    async def server(self) -> ServerState:
        """How much of its memory and connections the server uses. Raises StoreUnavailable."""
        return await self._caller.server()

    async def can_wait_for_disk(self) -> bool:
        """Whether the server writes an append-only file and knows WAITAOF (7.2 and later). Raises StoreUnavailable."""
        return await self._caller.can_wait_for_disk()

    # ── gateway ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def create(self, submission: Submission) -> Accepted:
        """Creates a job. Submits that come while a call is under way leave together in the next (at most 64).

        Raises RateLimited, TooManyWaiting, UnknownJobType, JobTypesOutdated, IdempotencyConflict, StoreFull,
        NotDurable.
        """
        answer = await self._creates.submit(submission_request(submission))
        raise_refusal(answer)
        if not answer["durable"]:
            raise NotDurable(answer["job"])
        rate = Rate(remaining=answer["remaining"], reset_ms=answer["reset"]) if "remaining" in answer else None
        return Accepted(job_id=answer["job"], repeated=answer["repeated"], ring=answer["ring"], rate=rate)

    async def _create_all(self, jobs: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        answer, durable = await self._caller.call_durably("create", fsync_ms=self._fsync_ms, jobs=jobs)
        return [{**one, "durable": durable} for one in answer["answers"]]

    async def get(self, job_id: str, *, caller: str | None, whole: bool = True) -> JobRecord:
        """The job's record with its log and its whole result, or else a long one abridged. Raises JobNotFound."""
        answer = await self._caller.call("get", id=job_id, caller=caller, whole=whole)
        raise_refusal(answer)
        return record_of(answer["job"], standing=answer.get("standing"))

    async def page(
        self,
        user_id: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        status: Status | None = None,
        type: str | None = None,
        session_id: str | None = None,
    ) -> Page:
        """A user's jobs, newest first, long results abridged. ``cursor`` is a page's ``next_cursor``.

        Raises InvalidCursor.
        """
        answer = await self._caller.call(
            "page",
            user=user_id,
            limit=limit,
            after=after_request(cursor),
            status=status and status.value,
            type=type,
            session=session_id,
        )
        last = answer.get("next")
        return Page(
            jobs=[record_of(raw) for raw in answer["jobs"]],
            next_cursor=f"{last['created']}-{last['job']}" if last else None,
            cursor=answer["cursor"],
        )

    async def unfinished(self, user_id: str, *, newest: int = 20) -> Page:
        """For the start of a stream: every unfinished job of the user and the newest ``newest`` others.

        As updates show them: without ``data``, long results abridged, the newest log lines only.
        """
        answer = await self._caller.call("unfinished", user=user_id, newest=newest)
        jobs, cursor = answer["jobs"], answer["cursor"]
        while after := answer.get("next"):
            answer = await self._caller.call(
                "unfinished", user=user_id, newest=after["newest"], open=after["open"], after=after
            )
            jobs += answer["jobs"]
        # The cursor of the first part: what changed since then comes as an update, whatever the later parts saw.
        return Page(jobs=[record_of(raw) for raw in jobs], next_cursor=None, cursor=cursor)

    async def cancel(self, job_id: str, *, caller: str | None, reason: str | None = None) -> Changed:
        """Cancels. Raises JobNotFound, NotInThatState (completed or failed)."""
        answer = await self._caller.call("cancel", id=job_id, caller=caller, reason=reason)
        raise_refusal(answer)
        return Changed(
            status=Status(answer["status"]),
            cancel_requested=answer["cancel"],
            rings={},
            ended=by_name_and_status(answer["ended"]),
        )

    async def retry(
        self,
        job_id: str,
        *,
        caller: str | None,
        request_id: str,
        sealed: bytes | None = None,
        step: str | None = None,
    ) -> Changed:
        """Runs a failed or cancelled job again. Raises JobNotFound, NotInThatState, SecretExpired, UnknownStep.

        ``request_id`` makes a repeat of the call harmless. ``sealed`` replaces the job's secret. Finished steps are
        kept, or, where ``step`` names one of them, those that ended before it.
        """
        answer = await self._caller.call(
            "retry", id=job_id, caller=caller, request=request_id, sealed=sealed, step=step
        )
        raise_refusal(answer)
        return Changed(
            status=Status(answer["status"]),
            cancel_requested=False,
            rings=by_name(answer["rings"]),
            repeated=answer["repeated"],
        )

    async def timeline(self, job_id: str, *, caller: str | None) -> Timeline:
        """Where the job has been and why. Raises JobNotFound."""
        answer = await self._caller.call("timeline", id=job_id, caller=caller)
        raise_refusal(answer)
        return timeline_of(answer)

    async def output(self, job_id: str, *, caller: str | None, offset: int = 0) -> Output:
        """The job's output from ``offset`` (bytes) on, at most 1 MiB of it. Raises JobNotFound."""
        answer = await self._caller.call("output", id=job_id, caller=caller, offset=offset)
        raise_refusal(answer)
        return output_of(answer)

    async def cluster(self) -> ClusterState:
        """Counts by type and state, oldest waiting, live workers: O(types)."""
        answer = await self._caller.call("cluster")
        return ClusterState(
            types=[
                TypeState(
                    type=raw["type"],
                    counts={status: by_name(raw["counts"]).get(status.value, 0) for status in Status},
                    oldest_waiting_ms=int(raw["oldest"]),
                    workers=raw["workers"],
                )
                for raw in sorted(answer["types"], key=lambda raw: str(raw["type"]))
            ],
            workers_alive=answer["alive"],
        )

    # ── job types ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def announce(self, types: Sequence[JobType], *, only_missing: bool = False) -> None:
        """Makes job types known.

        ``only_missing``: leave those alone that are known (a gateway announcing the built-in types).
        """
        await self._caller.call(
            "announce",
            types=[{"type": one.name, "digest": one.digest, "announcement": one.announcement()} for one in types],
            digest=types_digest(types),
            only_missing=only_missing,
        )

    async def types(self) -> Mapping[str, JobType]:
        """All known job types by name."""
        answer = await self._caller.call("types")
        return {name: JobType.from_announcement(text) for name, text in by_name(answer["types"]).items()}

    # ── worker ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def claim(
        self, *, worker: str, number: int, slots: int, serves: Sequence[Served], outcomes: Sequence[Outcome] = ()
    ) -> Turn:
        """Settles ``outcomes`` and fills ``slots`` with runs, in one round trip.

        ``worker``: an id random per process start. ``number``: grows by one with each new claim; the same number again
        is the same claim (the answer repeats its leases). ``serves``: in the order in which types take turns,
        beginning after the one served last. The credit of each type becomes the slots left free.
        """
        answer = await self._caller.call(
            "claim",
            worker=worker,
            number=number,
            slots=slots,
            serves=serves_request(serves),
            outcomes=[outcome_request(outcome) for outcome in outcomes],
        )
        return Turn(
            settled=settled_of(outcomes, answer),
            runs=[run_of(raw) for raw in answer["runs"]],
            rings=by_name(answer["rings"]),
            gathering_ms=answer.get("gathering"),
            lost=answer["lost"],
        )

    async def settle(self, *, worker: str, outcomes: Sequence[Outcome]) -> tuple[Sequence[Settled], Mapping[str, int]]:
        """Settles outcomes without claiming. Idempotent. Returns what became of each and the rings to send."""
        answer = await self._caller.call(
            "settle", worker=worker, outcomes=[outcome_request(outcome) for outcome in outcomes]
        )
        return settled_of(outcomes, answer), by_name(answer["rings"])

    async def report(self, *, worker: str, reports: Sequence[Report]) -> Sequence[Verdict]:
        """Progress, stage and log lines of runs; one verdict (HELD, CANCELLED, FENCED, GONE) for each, in order.

        Raises StoreFull when the server has no memory left: the reports are dropped by the caller and counted.
        """
        answer = await self._caller.call(
            "report", worker=worker, reports=[report_request(report) for report in reports]
        )
        return [Verdict(word) for word in answer["verdicts"]]

    async def renew(
        self, *, worker: str, held: Sequence[Held], answered: int, free: int, serves: Sequence[Served], digest: str
    ) -> Renewal:
        """Extends leases, beats the worker's heart and sets its credit to ``free`` slots for each type it serves.

        ``answered``: the number of the last claim whose answer has come (0: none); when the store has seen a higher
        one the credit is left alone. ``free`` is 0 from SIGTERM on. ``digest`` is of the worker's announcements
        (:func:`types_digest`).
        """
        answer = await self._caller.call(
            "renew",
            worker=worker,
            held=[{"job": lease.job_id, "token": lease.token} for lease in held],
            answered=answered,
            free=free,
            serves=serves_request(serves),
            digest=digest,
        )
        return Renewal(
            verdicts=[Verdict(word) for word in answer["verdicts"]], announce=answer["announce"], seen=answer["seen"]
        )

    async def close_worker(self, *, worker: str, serves: Sequence[Served]) -> tuple[Sequence[str], Mapping[str, int]]:
        """The worker's last call: hands back every lease that still names it; later claims under its id take nothing.

        Returns the ids of the jobs handed back and the rings to send.
        """
        answer = await self._caller.call("close", worker=worker, serves=serves_request(serves))
        return list(answer["handed_back"]), by_name(answer["rings"])

    # ── everybody ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def reap(self, *, again: bool = False) -> ReapRound:
        """One bounded round of rescue: due delayed jobs, expired leases, unrung work, records over age.

        Within half a second of another's round it does nothing, unless ``again`` says that the last one answered
        ``more``.
        """
        answer = await self._caller.call("reap", again=again)
        if answer["skipped"]:
            return ReapRound(
                skipped=True, more=False, promoted=0, crashed={}, ended={}, removed=0, sweep=False, rings={}
            )
        return ReapRound(
            skipped=False,
            more=answer["more"],
            promoted=answer["promoted"],
            crashed=by_name(answer["crashed"]),
            ended=by_name_and_status(answer["ended"]),
            removed=answer["removed"],
            sweep=answer["sweep"],
            rings=by_name(answer["rings"]),
        )

    async def sweep(self) -> Swept:
        """Looks through the keys of all jobs for what no index knows, and mends it; in bounded calls."""
        orphans, mended, rings = 0, 0, Counter[str]()
        async for ids in self._caller.job_ids():
            answer = await self._caller.call("sweep", ids=ids)
            orphans += answer["orphans"]
            mended += answer["mended"]
            rings.update(by_name(answer["rings"]))
        return Swept(orphans=orphans, mended=mended, rings=rings)


def types_digest(types: Sequence[JobType]) -> str:
    """16 hex digits for a worker's announcements together, whatever their order."""
    return hashlib.sha256(" ".join(sorted(one.digest for one in types)).encode()).hexdigest()[:16]
