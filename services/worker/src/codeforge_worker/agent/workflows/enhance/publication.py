"""The change leaves the worker: a commit, the job's branch, a pull request. Each is done once, whoever does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from codeforge_common.secrets import redact
from codeforge_worker.agent.edit.commit import Person, commit
from codeforge_worker.agent.github.destination import Destination, branch_of, destination
from codeforge_worker.agent.github.publish import BranchEffect, PullRequestEffect
from codeforge_worker.agent.repository import Repository
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.task import Task
from codeforge_worker.agent.workflows.enhance.desk import Desk

PUBLISHING = Stage(name="Opening the pull request", begin=86, end=99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read of the change. ``title``: one line. ``said``: Markdown."""

    title: str
    said: str


async def destined(task: Task, repository: Repository) -> Destination | None:
    """Where the change is to go, found out before the model is paid (step ``destination``); None: it is only shown.

    :raises Fail: as :func:`codeforge_worker.agent.github.destination.destination`.
    :raises Retry: likewise.
    """
    if task.request.token is None or not repository.takes_token:
        return None

    async def look() -> Mapping[str, Any]:
        return (await destination(await task.means.github(), repository.label)).as_json()

    return Destination.model_validate(await task.ctx.step("destination", look))


async def published(desk: Desk, *, to: Destination, words: Words) -> Mapping[str, Any]:
    """Commits (step ``commit``), pushes (``push``) and opens the pull request (``pull-request``), which is returned as
    ``{number, url, title, branch, head, base, fork}``.

    :raises Fail: as :mod:`codeforge_worker.agent.github.publish`.
    :raises Retry: likewise.
    """
    task, ctx = desk.task, desk.task.ctx
    assert task.request.token is not None, "there is a destination only with a token"
    PUBLISHING.enter(ctx)
    title = redact(" ".join(words.title.split()))
    message = f"{title}\n\n{redact(words.said)}"
    person = _person(task, to=to)

    async def commit_it() -> str:
        return await commit(await desk.checkout(), person=person, at=ctx.created_at, message=message)

    async def clone() -> Path:
        # Another attempt may have made the commit, elsewhere: the same files, person, time and words give it again.
        again = await commit_it()
        assert again == commit_id, "a commit that is made again has its former id"
        return (await desk.checkout()).folder

    commit_id: str = await ctx.step("commit", commit_it)
    github = await task.means.github()
    push = BranchEffect(
        github=github,
        settings=task.settings,
        token=task.request.token,
        destination=to,
        clone=clone,
        commit=commit_id,
        branch=branch_of(ctx.job_id),
    )
    ctx.log(f"Pushing {push.branch}")
    desk.pushed = pushed = await ctx.effect("push", push.look, push.make)
    PUBLISHING.advance(ctx, 0.5)
    base = desk.base.branch if task.request.branch and desk.base.branch else to.base
    opening = PullRequestEffect(
        github=github,
        destination=to.model_copy(update={"base": base}),
        pushed=pushed,
        title=title,
        body=_body(task, said=redact(words.said)),
    )

    async def make(key: str) -> Mapping[str, Any]:
        made = await opening.make(key)
        # Said at once: a job that is cancelled meanwhile has no result to say it in.
        ctx.log(f"Pull request: {made['url']}")
        return made

    ctx.log("Opening a pull request")
    opened: Mapping[str, Any] = await ctx.effect("pull-request", opening.look, make)
    return {**opened, "title": title}


def _person(task: Task, *, to: Destination) -> Person:
    """Whoever asks, as the request or GitHub names them."""
    request, user = task.request, to.user
    host = urlsplit(task.settings.github_server_url).hostname or "github.com"
    name = request.github_context("username") or user.name or user.login
    return Person.of(name, request.github_context("email") or user.email or user.noreply(server=host))


def _body(task: Task, *, said: str) -> str:
    quoted = "\n".join(f"> {line}" for line in task.request.message.splitlines()[:50])
    return f"{said}\n\n---\nAsked for in a chat:\n\n{quoted}\n\nMade by CodeForge Jobs, {task.ctx.job_id}.\n"
