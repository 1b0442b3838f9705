"""From a JSON schema and a value to a list of faults, in words that never repeat the value."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

from codeforge_gateway.errors import MISSING, Fault

MAX_FAULTS = 100
"""Faults told of one value: a body of a million wrong items shouldn't be answered with a million lines."""

_PATH_LENGTH = 200

Validator = jsonschema_rs.Draft202012Validator

_MESSAGES: Mapping[str, str] = {
    "minLength": "should have at least {} characters",
    "maxLength": "should have at most {} characters",
    "pattern": "should match the pattern {}",
    "format": "should have the format {}",
    "minItems": "should have at least {} items",
    "maxItems": "should have at most {} items",
    "uniqueItems": "should have no item twice",
    "minProperties": "should have at least {} members",
    "maxProperties": "should have at most {} members",
    "minimum": "should be at least {}",
    "maximum": "should be at most {}",
    "exclusiveMinimum": "should be more than {}",
    "exclusiveMaximum": "should be less than {}",
    "multipleOf": "should be a multiple of {}",
    "const": "should be {}",
    "falseSchema": "isn't allowed",
    "additionalProperties": "has members that aren't known",
    "unevaluatedProperties": "has members that aren't known",
}
"""Message by JSON schema keyword. Filled in with what the *schema* says, never with what the client sent."""


def compiled(schema: Mapping[str, Any]) -> Validator:
    """A validator for ``schema`` (JSON Schema 2020-12). It fetches nothing: a ``$ref`` elsewhere is refused.

    :raises ValueError: for what isn't a schema.
    """
    return Validator(dict(schema), offline=True)


def faults(validator: Validator, value: Any, *, below: str = "") -> list[Fault]:
    """All that is wrong with ``value`` (at most :data:`MAX_FAULTS`); paths begin with ``below``."""
    return [_fault(error, below) for error in islice(validator.iter_errors(value), MAX_FAULTS)]


def _fault(error: jsonschema_rs.ValidationError, below: str) -> Fault:
    kind = error.kind
    path = [below] if below else []
    path += [str(part) for part in error.instance_path]
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            return Fault(_dotted([*path, name]), MISSING)
        case jsonschema_rs.ValidationErrorKind.Type(types=types):
            return Fault(_dotted(path), f"should be of type {' or '.join(types)}")
        case jsonschema_rs.ValidationErrorKind.MinLength(limit=1):
            return Fault(_dotted(path), "should not be empty")
        case jsonschema_rs.ValidationErrorKind.Enum(options=options):
            return Fault(_dotted(path), f"should be one of {', '.join(map(str, options))}")
    if kind.name in _MESSAGES:
        return Fault(_dotted(path), _MESSAGES[kind.name].format(kind.value))
    return Fault(_dotted(path), f"breaks the schema's `{kind.name}`")


def _dotted(path: list[str]) -> str:
    return ".".join(path)[:_PATH_LENGTH]
