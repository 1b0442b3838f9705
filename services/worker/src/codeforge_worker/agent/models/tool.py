"""Tools that a model may ask for, and what it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as it is offered: ``parameters`` is the JSON schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that the model asks for. ``arguments`` is None where what it wrote is no JSON object.

    Each call wants an answer by :meth:`Conversation.answer` before the next turn, the unusable ones too.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] | None
