"""Answers without a repository: what the model says, streamed to the person, is the result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codeforge_common.handler import Fail
from codeforge_worker.agent.envelope import envelope
from codeforge_worker.agent.models import Conversation, Model
from codeforge_worker.agent.stage import Stage
from codeforge_worker.agent.task import Task

_CODE = re.compile(r"^```.*?(?:^```|\Z)", re.MULTILINE | re.DOTALL)

ANSWERING = Stage(name="Writing the answer", begin=20, end=95)

_INSTRUCTIONS = """\
You answer a person's request in a chat about software, in Markdown and in the language of the request. You have no \
access to repositories, files or the network in this answer: say so where it would be needed.\
"""


async def run(task: Task) -> Mapping[str, Any]:
    """The envelope; ``result`` is the answer.

    :raises Fail: ``model_not_configured``, ``model_answer_empty`` and what else the model raises.
    :raises Retry: what the model raises.
    :raises LimitReached: the job may use the model no longer.
    """
    return await answered(task, instructions=_INSTRUCTIONS)


async def answered(task: Task, *, instructions: str) -> Mapping[str, Any]:
    """The envelope with what the model answers to the request (step ``answer``); raises as :func:`run`."""
    model = await task.model()
    ANSWERING.enter(task.ctx)
    language = f"\n\nThe person reads: {task.request.language}" if task.request.language else ""

    async def ask() -> str:
        text = await _whole(task, Conversation.start(instructions, task.request.message + language), model=model)
        if not text:
            raise Fail("model_answer_empty", f"The model {model.name} answered without a word.")
        return text

    async with task.spending.in_time():
        text: str = await task.spending.step("answer", ask)
    return envelope(
        workflow=task.route.workflow,
        summary=_first_sentence(text),
        result=f"{text}\n",
        usage=task.spending.budget.usage,
        **task.decisions(),
    )


async def _whole(task: Task, conversation: Conversation, *, model: Model) -> str:
    """The answer, also where it takes several turns: one that is cut at its greatest length goes on in the next."""
    pieces: list[str] = []
    while True:
        turn = await model.turn(conversation, tools=(), budget=task.spending.budget, on_text=task.ctx.output)
        pieces.append(turn.text)
        # There are no tools that it could call; and who has no word to say in a turn won't find one in the next.
        if turn.finished or turn.calls or not turn.text.strip():
            return "".join(pieces).strip()


def _first_sentence(text: str) -> str:
    """The first line that says something: no heading, and nothing of a block of code, where there is such a line."""
    prose = [line.strip(" *`") for line in _CODE.sub("", text).splitlines() if line.strip(" *`#")]
    line = next((line for line in prose if not line.startswith("#")), next(iter(prose), "The model said nothing."))
    line = line.lstrip("# ")
    return line if len(line) <= 200 else f"{line[:199]}…"
