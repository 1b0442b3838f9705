"""The gateway as an ASGI application: wiring only."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from codeforge_common.event_log import EventTail
from codeforge_common.identity import Identity
from codeforge_common.queue import Bell
from codeforge_common.secrets import KeyRing
from codeforge_common.store import Store
from codeforge_common.telemetry.metrics import Metrics
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_gateway.background import Loops
from codeforge_gateway.chat.chat import Chat
from codeforge_gateway.chat.history import History
from codeforge_gateway.chat.model import Model
from codeforge_gateway.chat.open_chats import OpenChats
from codeforge_gateway.cluster_watch import watch_cluster
from codeforge_gateway.docs_page import docs
from codeforge_gateway.door import Door
from codeforge_gateway.head import Head
from codeforge_gateway.job_types import JobTypes
from codeforge_gateway.open_streams import OpenStreams
from codeforge_gateway.openapi import describe
from codeforge_gateway.parts import Parts
from codeforge_gateway.plain_route import PlainRoutes
from codeforge_gateway.problems import handle_problems
from codeforge_gateway.request_span import RequestSpan
from codeforge_gateway.routes import (
    changes,
    chat,
    chat_history,
    events,
    health,
    jobs,
    output,
    stats,
    submit,
    timeline,
)
from codeforge_gateway.schemas import Bodies
from codeforge_gateway.settings import GatewaySettings

DESCRIPTION = "Background jobs of a chat: submit over HTTP, follow over Socket.IO or Server-Sent Events."

_CORS_METHODS = ["GET", "POST", "DELETE"]
_CORS_REQUEST_HEADERS = [
    *("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer", "Traceparent", "X-User-Id")
]
_CORS_ANSWER_HEADERS = ["Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After"]


def build_app(
    *,
    settings: GatewaySettings,
    store: Store,
    tail: EventTail,
    bell: Bell,
    metrics: Metrics,
    readiness: Readiness,
    identity: Identity,
    keyring: KeyRing,
    tracing: Tracing,
    types: JobTypes | None = None,
) -> FastAPI:
    """The application. Whoever calls starts and ends ``store``, ``tail`` and ``bell``, which may be shared,
    runs its :func:`loops`, and closes its ``parts.chat``.
    """
    parts = Parts(
        settings=settings,
        bodies=Bodies.of(settings),
        store=store,
        tail=tail,
        bell=bell,
        types=types or JobTypes(store=store, metrics=metrics),
        streams=OpenStreams(streams_per_user=settings.streams_per_user),
        chat=Chat(
            model=Model(settings),
            history=History(store.conversations, settings),
            places=OpenChats(per_user=settings.chats_per_user, in_all=settings.chats_at_once),
            metrics=metrics,
            tracing=tracing,
            most_characters=settings.chat_answer_max_characters,
        ),
        metrics=metrics,
        readiness=readiness,
        identity=identity,
        keyring=keyring,
        tracing=tracing,
    )
    routes = [
        *submit.routes(settings),
        *chat.routes(settings),
        *chat_history.routes(settings),
        *stats.routes(settings),
        *jobs.routes(settings),
        *changes.routes(settings),
        *timeline.routes(settings),
        *output.routes(settings),
        *events.routes(settings),
        *health.routes(settings),
    ]
    app = FastAPI(
        title="CodeForge Jobs",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Ours are in request_span.py and telemetry/metrics.py.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        routes=routes,
        middleware=_middleware(parts, routes),
    )
    app.add_route("/docs", docs, include_in_schema=False)
    app.state.parts = parts
    handle_problems(app)
    describe(app)
    return app


def loops(app: FastAPI) -> Loops:
    """What has to run beside ``app`` and is the gateway's own: reading the job types, and looking at the cluster."""
    parts: Parts = app.state.parts
    return {"job types": parts.types.run(), "cluster watch": watch_cluster(parts)}


def _middleware(parts: Parts, routes: Sequence[BaseRoute]) -> list[Middleware]:
    inner = [
        Middleware(RequestSpan, tracing=parts.tracing),
        Middleware(Door, identity=parts.identity),
        Middleware(Head),
        Middleware(PlainRoutes, routes=routes),
    ]
    if not parts.settings.cors_origins:
        return inner
    # Outermost, so that a page can read errors too.
    cors = Middleware(
        CORSMiddleware,
        allow_origins=parts.settings.cors_origins,
        allow_methods=_CORS_METHODS,
        allow_headers=_CORS_REQUEST_HEADERS,
        expose_headers=_CORS_ANSWER_HEADERS,
        max_age=600,
    )
    return [cors, *inner]
