"""People who submit jobs over HTTP, repeat what wasn't answered, and cancel some."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence

import httpx2

from tests.chaos.history import Answer, Cancel
from tests.chaos.journal import now
from tests.chaos.plan import Order

ANSWER_SECONDS = 3.0
"""After so long a client gives up and asks again."""
PAUSE_SECONDS = 0.3
LATER = (429, 503)


class Clients:
    """Carries out orders. Each submit carries a key of its own, so that repeating it is harmless."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=url, timeout=ANSWER_SECONDS)
        self.answers: list[Answer] = []
        self.cancels: list[Cancel] = []
        self.repeats: Counter[str] = Counter()
        """Why requests were repeated, and how often."""
        self.surprises: list[str] = []

    async def run(self, orders: Sequence[Order]) -> None:
        """All orders, each at its time; returns when every one is answered."""
        begun = now()
        async with asyncio.TaskGroup() as group:
            for order in orders:
                await asyncio.sleep(begun + order.at - now())
                group.create_task(self._carry_out(order))

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _carry_out(self, order: Order) -> None:
        job_id = await self._submit(order)
        if order.cancel_after is not None:
            await asyncio.sleep(order.cancel_after)
            answer = await self._until_answered("DELETE", f"/api/jobs/{job_id}", user=order.user, fine=(200, 404, 409))
            self.cancels.append(Cancel(job=job_id, code=answer.status_code))
        if order.again_after is not None:
            await asyncio.sleep(order.again_after)
            await self._submit(order)

    async def _submit(self, order: Order) -> str:
        body = {
            "userId": order.user,
            "sessionId": f"session-{order.number % 3}",
            "userMessage": f"order {order.number}",
            "context": {"seconds": order.seconds, "succeed_at": order.succeed_at},
            "delaySeconds": order.delay,
            "priority": order.priority,
        }
        key = f"order-{order.number}"
        path = f"/api/jobs/{order.type.replace('_', '-')}"
        answer = await self._until_answered("POST", path, user=order.user, fine=(202,), key=key, body=body)
        job_id: str = answer.json()["jobId"]
        self.answers.append(
            Answer(
                key=key,
                job=job_id,
                type=order.type,
                user=order.user,
                succeed_at=order.succeed_at,
                delay=order.delay,
            )
        )
        return job_id

    async def _until_answered(
        self,
        method: str,
        path: str,
        *,
        user: str,
        fine: Sequence[int],
        key: str | None = None,
        body: object = None,
    ) -> httpx2.Response:
        headers = {"X-User-Id": user} | ({"Idempotency-Key": key} if key else {})
        content = None
        if body is not None:
            headers["Content-Type"], content = "application/json", json.dumps(body)
        while True:
            try:
                answer = await self._http.request(method, path, headers=headers, content=content)
            except httpx2.HTTPError as error:
                self.repeats[type(error).__name__] += 1
            else:
                if answer.status_code in fine:
                    return answer
                self.repeats[str(answer.status_code)] += 1
                if answer.status_code not in LATER:
                    self.surprises.append(f"{method} {path} was answered {answer.status_code}: {answer.text[:200]}")
            await asyncio.sleep(PAUSE_SECONDS)
