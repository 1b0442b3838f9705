"""Takes the secrets out of a JSON body before anything of it is stored or logged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


def take_secrets(body: Any, fields: Iterable[str] = ()) -> tuple[Any, dict[str, str]]:
    """The body without its secrets, and the secrets by the dotted path where each stood. The body isn't changed.

    ``fields`` are dotted paths such as ``context.registry.password``; a list on the way stands for each of its
    elements, whose index is part of the path that comes back (``context.mirrors.0.password``). Whatever is called
    ``token`` below a ``githubContext`` is taken at any depth, named in ``fields`` or not, however the two are cased.
    An object or a list at such a path is taken leaf by leaf; a number or a boolean becomes its JSON text; null and
    empty strings vanish.
    """
    taking = _Taking(fields=frozenset(fields))
    return taking.rest_of(body, github=False, field="", path=""), taking.taken


@dataclass(frozen=True, kw_only=True)
class _Taking:
    fields: frozenset[str]
    taken: dict[str, str] = field(default_factory=dict)

    def rest_of(self, value: Any, *, github: bool, field: str, path: str) -> Any:
        """``value`` without its secrets. ``github``: below a ``githubContext``; ``field``: ``path`` without indexes."""
        if isinstance(value, dict):
            return self._rest_of_object(value, github=github, field=field, path=path)
        if isinstance(value, list):
            return [
                self.rest_of(item, github=github, field=field, path=_below(path, str(index)))
                for index, item in enumerate(value)
            ]
        return value

    def _rest_of_object(self, value: dict[str, Any], *, github: bool, field: str, path: str) -> dict[str, Any]:
        rest = {}
        for key, member in value.items():
            inner = _below(field, key)
            if inner in self.fields or (github and key.lower() == "token"):
                self.taken.update(_leaves(member, path=_below(path, key)))
            elif isinstance(member, dict | list):
                below = github or key.lower() == "githubcontext"
                rest[key] = self.rest_of(member, github=below, field=inner, path=_below(path, key))
            else:  # most members; each goes through here with every submit
                rest[key] = member
        return rest


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _leaves(value: Any, *, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, path=_below(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, path=_below(path, str(index)))
    elif value is not None and value != "":
        yield path, value if isinstance(value, str) else json.dumps(value)
