"""``POST /api/chat``: a message of the conversation, answered in it or worked on in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_common.errors import CodeForgeError
from codeforge_common.secrets import Redactor, take_secrets
from codeforge_gateway import openapi
from codeforge_gateway.answers import ChatAnswer, ChatData, Finished
from codeforge_gateway.chat.accepting import wants_stream
from codeforge_gateway.chat.chat import Answer, Asked, Say
from codeforge_gateway.chat.live import Live
from codeforge_gateway.disconnect import ClientGone, unless_gone
from codeforge_gateway.errors import InvalidRequest
from codeforge_gateway.event_stream import EventStream
from codeforge_gateway.idempotency import key_of
from codeforge_gateway.json_body import read_json
from codeforge_gateway.limits import chat_policy_header, rate_header
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.problems import problem_document
from codeforge_gateway.routes.submit import PROBLEMS, answer_submit
from codeforge_gateway.schemas import chat_schema
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.submit import Order, submit
from codeforge_gateway.validation import faults
from codeforge_gateway.views import answer

JOB_TYPE = "agent_task"
LOCAL_USER = "local"
"""Who chats where nothing says who it is (development mode)."""

BACKGROUND_MESSAGE = "Your request is being processed in the background. You can continue chatting!"

HEAD_SECONDS = 2.0
"""How long a stream's head waits for the first piece: until then a failure is answered with its own status."""

CLIENT_GONE = 499
"""The status of an answer that nobody gets, for the log (nginx's word for it)."""

DESCRIPTION = (
    "With `backgroundMode` the message becomes an `agent_task`. Without, it is answered in the conversation, with what "
    "was said before in mind: as JSON, or where `Accept` names `text/event-stream` as a stream of `chat:delta` "
    "`{text}`, then `chat:done` with the answer's `data`, or `chat:error` with the problem and `retryAfter`. "
    "`suggestBackground` in an answer says that the message is work that can be done in the background."
)

_FOREGROUND_PROBLEMS = (
    *("too_many_messages", "too_many_chats", "model_unavailable", "model_refused", "model_not_supported"),
    "answer_too_slow",
)
_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}
_CONTEXT = ("githubContext", "currentFiles", "language", "imageUrls")
_SCHEDULE = ("delaySeconds", "runAt", "priority")


async def chat(request: Request) -> Response:
    """Answers in the conversation; or, with ``backgroundMode``, makes a job of the message."""
    parts = parts_of(request)
    caller = caller_of(request)
    key = key_of(request)
    body = await read_json(request)
    if found := faults(parts.bodies.chat, body):
        raise InvalidRequest(found)
    caller = caller.acting_as(body.get("userId"))
    user_id = caller.user_id or LOCAL_USER
    asked = Asked(user_id=user_id, session_id=body["generationId"], message=_without_secrets(body))
    if not body.get("backgroundMode"):
        try:
            return await _converse(request, asked)
        except ClientGone:
            return Response(status_code=CLIENT_GONE)
    order = Order(type=JOB_TYPE, caller=caller, body=task_in(body, user_id=user_id), key=key, route="chat")
    accepted = await submit(order, parts=parts)
    if not accepted.repeated:
        await parts.chat.history.keep(
            asked.message,
            BACKGROUND_MESSAGE,
            user_id=user_id,
            session_id=asked.session_id,
            turn=accepted.job_id,
            job_id=accepted.job_id,
        )
    usual: ChatAnswer = {
        "success": True,
        "data": {
            "jobId": accepted.job_id,
            "status": "queued",
            "backgroundMode": True,
            "message": BACKGROUND_MESSAGE,
        },
    }
    return await answer_submit(request, accepted, user_id=user_id, usual=usual)


async def _converse(request: Request, asked: Asked) -> Response:
    """The answer in the conversation. Raises ClientGone, and whatever :class:`Chat` does."""
    parts = parts_of(request)
    clock = asyncio.get_running_loop().time
    streamed = wants_stream(request.headers.get("accept", ""))
    settings = parts.settings
    ends_at = clock() + (settings.chat_stream_seconds if streamed else settings.chat_answer_seconds)
    conversation = await parts.chat.enter(asked)
    headers = (chat_policy_header(settings) | rate_header(conversation.rate, of="chat")) if conversation.rate else {}
    headers["Vary"] = "Accept"

    async def answering(say: Say) -> Answer:
        return await parts.chat.answer(asked, after=conversation, ends_at=ends_at, say=say)

    if not streamed:
        spoken: ChatAnswer = {"success": True, "data": data_of(await unless_gone(request, answering(_unheard)))}
        return answer(spoken, headers=headers)

    def failed(error: CodeForgeError) -> dict[str, Any]:
        return problem_document(error, path=request.url.path)

    live = Live(answering)
    try:
        await unless_gone(request, live.began(within=HEAD_SECONDS))
    except BaseException:
        live.end()
        raise
    stream = EventStream(live.frames(done=data_of, failed=failed), place=live)
    stream.headers.update(headers)
    return stream


def data_of(said: Answer) -> ChatData:
    """An answer as clients see it."""
    data: ChatData = {"message": said.message, "backgroundMode": False}
    if said.work:
        data["suggestBackground"] = True
    if said.cut:
        data["truncated"] = True
    return data


def task_in(body: Mapping[str, Any], *, user_id: str) -> dict[str, Any]:
    """The chat message as the body of a submit."""
    return {
        "userId": user_id,
        "sessionId": body["generationId"],
        "userMessage": body["message"],
        "context": {
            **(body.get("context") or {}),
            **{name: body[name] for name in _CONTEXT if body.get(name) is not None},
        },
        **{name: body[name] for name in _SCHEDULE if name in body},
    }


def _without_secrets(body: Mapping[str, Any]) -> str:
    """The message, with neither the body's token in it nor what looks like a credential."""
    _, secrets = take_secrets(body)
    return Redactor(secrets.values()).text(body["message"])


def _unheard(piece: str) -> None:
    """Nobody listens: the answer comes as a whole."""


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The chat."""
    return [
        PlainRoute(
            "/api/chat",
            chat,
            methods=["POST"],
            status_code=202,
            response_model=ChatAnswer,
            summary="Say something",
            description=DESCRIPTION,
            tags=["chat"],
            responses={
                200: {"model": ChatAnswer | Finished, "content": _STREAM},
                **openapi.problems(*PROBLEMS, *_FOREGROUND_PROBLEMS),
            },
            openapi_extra=openapi.described(
                body=chat_schema(settings), parameters=[openapi.IDEMPOTENCY_KEY, openapi.PREFER]
            ),
        )
    ]
