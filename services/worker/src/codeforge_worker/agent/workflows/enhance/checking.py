"""The change is checked before anybody is shown it; the model may mend it once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from codeforge_common.handler import Fail
from codeforge_worker.agent.edit.checks import check_all
from codeforge_worker.agent.edit.checks.demands import Demands
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.workflows.enhance.desk import Desk
from codeforge_worker.agent.workflows.enhance.turns import Turns

CHECKING = Stage(name="Checking the change", begin=80, end=86)

_MOST_COMPLAINTS = 20
_COMPLAINT = "Your change can't be taken as it is. Mend these faults, and nothing else:\n"


async def checked(desk: Desk, *, turns: Turns) -> None:
    """Returns when the change passes all checks (steps ``check`` and, after a repair, ``check-again``).

    :raises Fail: ``empty_diff`` where nothing was changed, ``change_refused`` with what is wrong; and what the model
        and the checkout raise.
    :raises Retry: likewise.
    :raises LimitReached: the job may use the model no longer.
    """
    log = desk.task.ctx.log
    log("Checking the change")
    complaints = await _complaints(desk, step="check")
    if not complaints:
        return
    log(f"The model mends its change: {' '.join(complaints)}")
    turns.complain(_COMPLAINT + "\n".join(f"- {complaint}" for complaint in complaints))
    await turns.finish()
    complaints = await _complaints(desk, step="check-again")
    if complaints:
        raise await _refused(desk, complaints=complaints, said=turns.said)


async def _complaints(desk: Desk, *, step: str) -> Sequence[str]:
    task = desk.task

    async def check() -> Sequence[str]:
        CHECKING.enter(task.ctx)
        secrets = [task.request.token] if task.request.token else []
        limit = task.settings.agent_edit_diff_max_bytes
        demands = Demands(scope=task.request.scope, secrets=secrets, diff_bytes=limit)
        return (await asyncio.to_thread(check_all, await desk.edit(), demands))[:_MOST_COMPLAINTS]

    complaints: Sequence[str] = await task.ctx.step(step, check)
    return complaints


async def _refused(desk: Desk, *, complaints: Sequence[str], said: str) -> Fail:
    if not (await desk.edit()).changes:
        words = f" It says: {said[:500]}" if said else ""
        return Fail("empty_diff", f"The model changed nothing.{words}")
    return Fail("change_refused", f"The change fails its checks: {' '.join(complaints)}")
