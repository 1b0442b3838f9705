"""From a request to the workflow that serves it: by its own word, by rules, or by a model (:mod:`.model_router`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from codeforge_common.handler import Fail
from codeforge_worker.agent.request import Request

ANALYZE = "analyze"
ENHANCE = "enhance"
CODE_GENERATION = "code_generation"
ANSWER = "answer"

_AGENT_TYPES = {
    "analyze": ANALYZE,
    "analysis": ANALYZE,
    "analyzer": ANALYZE,
    "repo_analysis": ANALYZE,
    "enhance": ENHANCE,
    "enhancer": ENHANCE,
    "code_generation": CODE_GENERATION,
    "code_generator": CODE_GENERATION,
    "codegen": CODE_GENERATION,
    "generate": CODE_GENERATION,
    "answer": ANSWER,
    "chat": ANSWER,
}
_UNDECIDED = frozenset({"", "auto", "agent", "agent_task"})

_ANALYZE_WORDS = (
    "analy[sz]e|analysis|review|audit|inspect|examine|assess|evaluate|explain|describe|summari[sz]e|summary|overview"
    "|measure|report|count|find|list|show|understand|what|which|why|how|where|who|phân tích|đánh giá|giải thích|tóm tắt"
)
_CHANGE_WORDS = (
    "update|change|edit|modify|fix|repair|add|remove|delete|rename|replace|translate|refactor|rewrite|improve|enhance"
    "|optimi[sz]e|upgrade|migrate|convert|correct|clean up|format|document|cập nhật|sửa|thêm|xóa|xoá|dịch|cải thiện"
)
_CREATE_WORDS = "write|create|generate|build|make|implement|scaffold|develop|code|draft|tạo|viết|xây dựng"
_WORDS = re.compile(
    rf"\b(?:(?P<analyze>{_ANALYZE_WORDS})|(?P<change>{_CHANGE_WORDS})|(?P<create>{_CREATE_WORDS}))\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A decision: the workflow's name, a reason for the person, and how sure it is, 0 to 1."""

    workflow: str
    reason: str
    confidence: float


class Router(Protocol):
    """Decides which workflow serves a request."""

    async def route(self, request: Request) -> Route:
        """The workflow for ``request``, which leaves it open."""


class RuleRouter:
    """The first word of the message that asks for something decides."""

    async def route(self, request: Request) -> Route:
        """See :meth:`Router.route`."""
        return _read_from(request)


def asked_for(agent_type: str | None) -> Route | None:
    """The route that an explicit agent type is; None where the request leaves it open.

    :raises Fail: ``unknown_agent_type`` for one that names no workflow.
    """
    name = (agent_type or "").strip().lower().replace("-", "_")
    if name in _UNDECIDED:
        return None
    if name not in _AGENT_TYPES:
        known = ", ".join(sorted(set(_AGENT_TYPES.values())))
        raise Fail("unknown_agent_type", f"There is no agent of this type; agentType is one of {known}, or left out.")
    return Route(workflow=_AGENT_TYPES[name], reason="The request names this agent type.", confidence=1.0)


def _read_from(request: Request) -> Route:
    found = _WORDS.search(request.message)
    if found is None:
        reason = "The message asks for no change, so its repository is analysed."
        return Route(workflow=ANALYZE, reason=reason, confidence=0.4)
    reason = f"The message asks to “{found[0].lower()}”."
    if found["analyze"]:
        return Route(workflow=ANALYZE, reason=reason, confidence=0.8)
    if found["create"] and not request.has_repository:
        return Route(workflow=CODE_GENERATION, reason=f"{reason} It names no repository.", confidence=0.7)
    return Route(workflow=ENHANCE, reason=reason, confidence=0.8)
