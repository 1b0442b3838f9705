"""``GET /api/chat/{generationId}``: what is kept of a conversation."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_common.events import iso
from codeforge_common.store.conversations import Message
from codeforge_gateway import openapi
from codeforge_gateway.answers import ChatHistory, ChatMessage
from codeforge_gateway.chat.errors import ConversationNotFound
from codeforge_gateway.errors import InvalidRequest
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.routes.chat import LOCAL_USER
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.validation import faults
from codeforge_gateway.views import answer

PARAMETER = openapi.path_parameter("generationId", "The conversation.")


async def get_history(request: Request) -> Response:
    """The caller's messages of a session and their answers, oldest first."""
    parts = parts_of(request)
    user_id = caller_of(request).user_id or LOCAL_USER
    session_id = request.path_params["generationId"]
    if found := faults(parts.bodies.session, session_id, below="generationId"):
        raise InvalidRequest(found)
    conversation = await parts.chat.history.read(user_id=user_id, session_id=session_id)
    if not conversation.messages:
        raise ConversationNotFound(
            "Nothing is kept of this conversation: none of it was answered yet, or it is too old, or somebody else's."
        )
    body: ChatHistory = {
        "success": True,
        "data": {"generationId": session_id, "messages": [message_of(said) for said in conversation.messages]},
    }
    return answer(body, headers={"Cache-Control": "no-store"})


def message_of(said: Message) -> ChatMessage:
    """A kept message as clients see it."""
    shown: ChatMessage = {"role": said.role.value, "content": said.content, "at": iso(said.at) or ""}
    if said.job_id is not None:
        shown["jobId"] = said.job_id
    if said.cut:
        shown["truncated"] = True
    return shown


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The history."""
    return [
        PlainRoute(
            "/api/chat/{generationId:path}",  # a session's id may have slashes in it
            get_history,
            methods=["GET"],
            response_model=ChatHistory,
            summary="Read a conversation",
            description=(
                f"The newest {settings.chat_history_max_messages} messages, kept for "
                f"{settings.chat_history_seconds} seconds after the last one. A message is kept once it is answered; "
                "one that became a job has its `jobId`."
            ),
            tags=["chat"],
            responses=openapi.problems("unauthenticated", "invalid_request", "conversation_not_found"),
            openapi_extra=openapi.described(parameters=[PARAMETER]),
        )
    ]
