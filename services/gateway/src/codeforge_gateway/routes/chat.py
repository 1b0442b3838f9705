"""``POST /api/chat``: a message of the conversation, answered in it or worked on in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_gateway import openapi
from codeforge_gateway.answers import ChatAnswer, Finished
from codeforge_gateway.conversation import reply
from codeforge_gateway.errors import InvalidRequest
from codeforge_gateway.idempotency import key_of
from codeforge_gateway.json_body import read_json
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
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

_CONTEXT = ("githubContext", "currentFiles", "language", "imageUrls")
_SCHEDULE = ("delaySeconds", "runAt", "priority")


async def chat(request: Request) -> Response:
    """Answers at once, by rules; or, with ``backgroundMode``, makes a job of the message."""
    parts = parts_of(request)
    caller = caller_of(request)
    key = key_of(request)
    body = await read_json(request)
    if found := faults(parts.bodies.chat, body):
        raise InvalidRequest(found)
    caller = caller.acting_as(body.get("userId"))
    if not body.get("backgroundMode"):
        spoken: ChatAnswer = {"success": True, "data": {"message": reply(body["message"]), "backgroundMode": False}}
        return answer(spoken)
    user_id = caller.user_id or LOCAL_USER
    order = Order(type=JOB_TYPE, caller=caller, body=task_in(body, user_id=user_id), key=key, route="chat")
    accepted = await submit(order, parts=parts)
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


def task_in(body: Mapping[str, Any], *, user_id: str) -> dict[str, Any]:
    """The chat message as the body of a submit."""
    return {
        "userId": user_id,
        "sessionId": body["generationId"],
        "userMessage": body["message"],
        "context": {name: body[name] for name in _CONTEXT if body.get(name) is not None},
        **{name: body[name] for name in _SCHEDULE if name in body},
    }


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
            description="With `backgroundMode` the message becomes an `agent_task`; without, it is answered at once.",
            tags=["chat"],
            responses={200: {"model": ChatAnswer | Finished}, **openapi.problems(*PROBLEMS)},
            openapi_extra=openapi.described(
                body=chat_schema(settings), parameters=[openapi.IDEMPOTENCY_KEY, openapi.PREFER]
            ),
        )
    ]
