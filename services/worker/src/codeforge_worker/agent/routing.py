"""From a request to the workflow that serves it: by its own word, by rules, or by a model (:mod:`.model_router`)."""

from __future__ import annotations

import re
import unicodedata
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

_ANALYZE_WORDS = "analy[sz]e|review|audit|inspect|examine|assess|evaluate|phân tích|đánh giá"
_CHANGE_WORDS = (
    "update|change|edit|modify|fix|repair|add|remove|delete|rename|replace|translate|refactor|rewrite|improve|enhance"
    "|optimi[sz]e|upgrade|migrate|convert|correct|clean up|format|document|cập nhật|sửa|thêm|xóa|xoá|dịch|cải thiện"
)
_CREATE_WORDS = (
    r"write|create|generate|build|make|implement|scaffold|develop|code(?= (?:an?|me|up)\b)|draft|tạo|viết|xây dựng"
)
_NO_ORDER_AFTER = "".join(
    rf"(?<!\b{word} )" for word in ("the", "this", "that", "its", "how to", "what to", "where to")
)
"""After these the words above are nouns, or what is asked about: "the update", "how to build it"."""

_ORDER = re.compile(
    rf"\b(?:(?P<noun>analysis)|{_NO_ORDER_AFTER}"
    rf"(?:(?P<analyze>{_ANALYZE_WORDS})|(?P<change>{_CHANGE_WORDS})|(?P<create>{_CREATE_WORDS})))\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[.?!:;,]\s+|\n+|\b(?=(?:please|vui lòng|làm ơn|hãy)\b)|(?<=\b(?:and|but)\s)(?=(?:can|could|would|will) you\b)",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\s*(?:(?:and|but|so|or|also|then)\s+)?"
    r"(?:what|which|why|how|where|who|whose|when|is|are|was|were|does|did|has|tại sao|vì sao|làm sao|làm thế nào"
    r"|(?:do|have|can|could|should|may|must|shall) (?:i|we|they|it)|(?:do|have) you)\b",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"\s*(?:hi|hello|hey|good (?:morning|day|afternoon|evening)|thanks|thank you|explain|describe|tell me"
    r"|xin chào|chào|cảm ơn|giải thích)\b",
    re.IGNORECASE,
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
    """The first order in the message decides: a word such as "analyze", "fix" or "write" outside its questions.

    Without an order, a question or a greeting that speaks of no repository is answered, and all else is analysed.
    """

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
    # A letter with its accent may come as two characters (macOS does so).
    message = unicodedata.normalize("NFC", request.message)
    order = _order_in(message)
    if order is None:
        return _without_an_order(message, has_repository=request.has_repository)
    if order["noun"]:
        return Route(workflow=ANALYZE, reason="The message asks for an analysis.", confidence=0.8)
    reason = f"The message asks to “{order[0].lower()}”."
    if order["analyze"]:
        return Route(workflow=ANALYZE, reason=reason, confidence=0.8)
    if order["create"] and not request.has_repository:
        return Route(workflow=CODE_GENERATION, reason=f"{reason} It names no repository.", confidence=0.7)
    return Route(workflow=ENHANCE, reason=reason, confidence=0.8)


def _order_in(message: str) -> re.Match[str] | None:
    clauses = (clause for clause in _CLAUSE_END.split(message) if not _QUESTION.match(clause))
    return next((found for clause in clauses if (found := _ORDER.search(clause))), None)


def _without_an_order(message: str, *, has_repository: bool) -> Route:
    talk = "?" in message or _QUESTION.match(message) or _TALK.match(message)
    if talk and not has_repository:
        reason = "The message is a question or a greeting, and speaks of no repository."
        return Route(workflow=ANSWER, reason=reason, confidence=0.6)
    reason = "The message asks for no change, so its repository is analysed."
    return Route(workflow=ANALYZE, reason=reason, confidence=0.7 if has_repository else 0.4)
