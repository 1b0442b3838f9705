"""What the gateway works with, made and ended by whoever starts it: alone, or in edge together with the notifier."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from codeforge_common.event_log import EventTail
from codeforge_common.identity import Identity, Principal
from codeforge_common.queue import Bell
from codeforge_common.secrets import KeyRing
from codeforge_common.store import Store
from codeforge_common.telemetry.metrics import Metrics
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_gateway.chat.chat import Chat
from codeforge_gateway.job_types import JobTypes
from codeforge_gateway.open_streams import OpenStreams
from codeforge_gateway.schemas import Bodies
from codeforge_gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a route may use.

    ``types``, ``bodies``, ``streams`` and ``chat`` are the gateway's own; the rest may be shared.
    """

    settings: GatewaySettings
    bodies: Bodies
    store: Store
    tail: EventTail
    bell: Bell
    types: JobTypes
    streams: OpenStreams
    chat: Chat
    metrics: Metrics
    readiness: Readiness
    identity: Identity
    keyring: KeyRing
    tracing: Tracing


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves ``request``."""
    parts: Parts = request.app.state.parts
    return parts


def caller_of(request: Request) -> Principal:
    """Who calls. Raises Unauthenticated."""
    query = request.query_params if request.scope["query_string"] else {}  # mostly there is none to be parsed
    return parts_of(request).identity.of_http(request.headers, query)
