"""What the model is told: who it is, when to offer the background, and what was said before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codeforge_common.store.conversations import Message, Role
from codeforge_gateway.chat.opening import MARK

INSTRUCTIONS = f"""\
You are the assistant in the chat of CodeForge. Answer briefly, in Markdown, in the language of the person.

What CodeForge does in the background, as jobs, while the chat stays usable: it analyses a repository (languages, hot \
spots, TODOs, dependencies, licence) and gives findings and a plan; it changes a repository as asked, which ends in a \
pull request, or in a patch where it may not push; it generates code for a repository.

In this conversation you can only talk: you see no repository and no file that isn't quoted here, you change nothing, \
and you have no tools. Never say that you have done, or are doing, such work.

When the newest message asks for work of that kind (on a repository, on files, anything of more than a short answer), \
begin your answer with {MARK} and nothing before it, then say in one or two sentences that this is work for the \
background: the person ticks **🔧 Background** beside Send and sends it again, and follows it under \
**Background Jobs**. A question about something, a short snippet of code or an explanation is no such work: answer \
it, without {MARK}.
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says: the person (``Role.USER``) or the model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One call of a model. ``turns`` begin and end with the person's, and take turns, as every provider wants it."""

    instructions: str
    turns: Sequence[Turn]


def prompt_of(history: Iterable[Message], message: str) -> Prompt:
    """The prompt for ``message`` after what was said before, oldest first."""
    turns: list[Turn] = []
    for said in (*(Turn(before.role, before.content) for before in history), Turn(Role.USER, message)):
        if not said.content or (not turns and said.role is Role.ASSISTANT):
            continue
        if turns and turns[-1].role is said.role:
            turns[-1] = Turn(said.role, f"{turns[-1].content}\n\n{said.content}")
        else:
            turns.append(said)
    return Prompt(instructions=INSTRUCTIONS, turns=turns)
