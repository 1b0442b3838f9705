"""One turn of a conversation: a message, and its answer by rules or by the model."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from opentelemetry.trace import SpanKind

from codeforge_common.store.conversations import Conversation, Message
from codeforge_common.telemetry.metrics import ChatOutcome, Metrics
from codeforge_common.telemetry.tracing import Tracing
from codeforge_gateway.chat import rules
from codeforge_gateway.chat.errors import (
    AnswerTooSlow,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    TooManyChats,
)
from codeforge_gateway.chat.history import History
from codeforge_gateway.chat.model import Model
from codeforge_gateway.chat.open_chats import OpenChats
from codeforge_gateway.chat.opening import Opening
from codeforge_gateway.chat.prompt import prompt_of
from codeforge_gateway.chat.provider import End

Say = Callable[[str], None]
"""Hears the answer's pieces as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person says. ``message`` holds no secret any more."""

    user_id: str
    session_id: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered, in Markdown. ``cut``: it would be longer.

    ``work``: the message is work to send to the background; without a model of the chat's own, only an analysis.
    """

    message: str
    work: bool = False
    cut: bool = False


class Chat:
    """Answers messages in the foreground. A turn is kept once it is answered, both sides of it together."""

    def __init__(
        self,
        *,
        model: Model,
        history: History,
        places: OpenChats,
        metrics: Metrics,
        tracing: Tracing,
        most_characters: int,
    ) -> None:
        """``most_characters`` of an answer; the model is stopped there."""
        self.history = history
        self._model = model
        self._places = places
        self._metrics = metrics
        self._tracing = tracing
        self._most = most_characters

    async def close(self) -> None:
        """Closes the connections to the model's provider."""
        await self._model.close()

    async def enter(self, asked: Asked) -> Conversation:
        """What was said before, for somebody who says something now. Raises TooManyMessages."""
        return await self.history.enter(user_id=asked.user_id, session_id=asked.session_id)

    async def answer(self, asked: Asked, *, after: Conversation, ends_at: float, say: Say) -> Answer:
        """The answer to ``asked``, which ``say`` hears piece by piece. Cancelled, it ends the model's call at once.

        ``ends_at``: when the model has to be done, as the event loop counts.
        Raises ModelUnavailable, ModelRefused, ModelNotSupported, AnswerTooSlow, TooManyChats.
        """
        started, outcome = time.perf_counter(), ChatOutcome.GONE
        try:
            answer = await self._answer(asked, history=after.messages, ends_at=ends_at, say=say)
            outcome = self._outcome(answer)
        except (ModelError, TooManyChats) as error:
            outcome = _outcome_of(error)
            raise
        finally:
            self._metrics.chats.labels(outcome=outcome).inc()
            self._metrics.chat_seconds.observe(time.perf_counter() - started)
        await self.history.keep(
            asked.message,
            answer.message,
            user_id=asked.user_id,
            session_id=asked.session_id,
            turn=uuid.uuid4().hex,
        )
        return answer

    async def _answer(self, asked: Asked, *, history: Sequence[Message], ends_at: float, say: Say) -> Answer:
        work = rules.work_in(asked.message)
        if not self._model.configured:
            said = rules.without_a_model(work)
            say(said)
            return Answer(message=said, work=work is rules.Work.ANALYSIS)
        if work:
            say(rules.WORK)
            return Answer(message=rules.WORK, work=True)
        with self._places.one_more(asked.user_id):
            try:
                async with asyncio.timeout_at(ends_at):
                    return await self._ask(asked, history=history, say=say)
            except TimeoutError:
                raise AnswerTooSlow(
                    "The answer takes too long. Ask for it as a stream (`Accept: text/event-stream`), or send it to "
                    "the background (`backgroundMode: true`)."
                ) from None

    async def _ask(self, asked: Asked, *, history: Sequence[Message], say: Say) -> Answer:
        # Names: OpenTelemetry's semantic conventions for generative AI, 1.41.
        about = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._model.provider,
            "gen_ai.request.model": self._model.name,
        }
        prompt = prompt_of(history, asked.message)
        with self._tracing.span(f"chat {self._model.name}", kind=SpanKind.CLIENT, attributes=about):
            return await self._hear(self._model.stream(prompt), say=say)

    async def _hear(self, stream: AsyncGenerator[str | End, None], *, say: Say) -> Answer:
        opening, said, cut = Opening(), "", False

        def show(text: str) -> None:
            nonlocal said, cut
            room = self._most - len(said)
            cut = len(text) > room
            if shown := text[:room]:
                said += shown
                say(shown)

        async with aclosing(stream) as pieces:
            async for piece in pieces:
                if isinstance(piece, End):
                    show(opening.rest())
                    cut = cut or piece is End.LENGTH
                else:
                    show(opening.take(piece))
                if cut:
                    break
        if not said.strip():
            if not opening.marked:
                raise ModelUnavailable("The model gave no answer.")
            show(rules.WORK)
        return Answer(message=said, work=opening.marked, cut=cut)

    def _outcome(self, answer: Answer) -> ChatOutcome:
        if answer.work:
            return ChatOutcome.WORK
        return ChatOutcome.ANSWERED if self._model.configured else ChatOutcome.RULES


def _outcome_of(error: ModelError | TooManyChats) -> ChatOutcome:
    match error:
        case AnswerTooSlow():
            return ChatOutcome.TOO_SLOW
        case ModelUnavailable():
            return ChatOutcome.UNAVAILABLE
        case TooManyChats():
            return ChatOutcome.LIMITED
        case ModelRefused():
            return ChatOutcome.REFUSED
    return ChatOutcome.NOT_SUPPORTED
