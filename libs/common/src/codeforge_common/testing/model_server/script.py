"""The script: which answer a request gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from threading import Lock
from typing import Any

from codeforge_common.testing.model_server.question import Question

Answer = Mapping[str, Any]

DEFAULT_MODEL = "scripted"
DEFAULT_KEY = "scripted-key"

_NOTHING_FITS: Answer = {"status": 400, "error": {"message": "The script has no answer to this request."}}
_KEYS = {"answers", "rules", "model", "key"}
_ANSWER = (
    {"text", "pause", "calls", "output", "usage", "finish"}
    | {"status", "headers", "error"}
    | {"body", "cut", "ends", "hang", "hold"}
)
_CONDITIONS = {"message", "anywhere", "tools", "toolAnswers", "turns"}


class Script:
    """What the package's docstring describes, read once, with what has been used of it.

    :raises ValueError: for a key that means nothing, so that a misspelt one is no silent default.
    """

    def __init__(self, script: Mapping[str, Any] | Sequence[Answer]) -> None:
        parts: Mapping[str, Any] = script if isinstance(script, Mapping) else {"answers": script}
        _refuse_unknown(parts, _KEYS, what="script")
        self.model: str = parts.get("model", DEFAULT_MODEL)
        self.key: str | None = parts.get("key", DEFAULT_KEY)
        self._rules = [_Rule(rule) for rule in parts.get("rules", ())]
        self._rules.append(_Rule({"when": {}, "answers": parts.get("answers", ())}))
        self._lock = Lock()

    def answer(self, question: Question) -> Answer:
        """The answer to ``question``, which is used up unless it stands in a rule's ``answer``."""
        with self._lock:
            for rule in self._rules:
                if rule.fits(question) and (answer := rule.take()) is not None:
                    return answer
        return _NOTHING_FITS


class _Rule:
    def __init__(self, rule: Mapping[str, Any]) -> None:
        _refuse_unknown(rule, {"when", "answer", "answers"}, what="rule")
        self._when: Mapping[str, Any] = rule["when"]
        _refuse_unknown(self._when, _CONDITIONS, what="condition")
        self._always: Answer | None = rule.get("answer")
        self._left = list(rule.get("answers", ()))
        for answer in [*self._left, self._always or {}]:
            _refuse_unknown(answer, _ANSWER, what="answer")

    def take(self) -> Answer | None:
        if self._always is not None:
            return self._always
        return self._left.pop(0) if self._left else None

    def fits(self, question: Question) -> bool:
        return all(_fits(name, wanted, question) for name, wanted in self._when.items())


def _fits(name: str, wanted: Any, question: Question) -> bool:
    match name:
        case "message":
            return wanted in question.message
        case "anywhere":
            return wanted in question.everything
        case "tools":
            return set(wanted) <= set(question.tools) if wanted else not question.tools
        case "toolAnswers":
            return bool(wanted == question.tool_answers)
        case _:
            return bool(wanted == question.turns)


def _refuse_unknown(given: Mapping[str, Any], known: Set[str], *, what: str) -> None:
    if unknown := given.keys() - known:
        raise ValueError(f"a {what} has no {', '.join(sorted(unknown))}; there is {', '.join(sorted(known))}")
