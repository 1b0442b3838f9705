"""The published shapes of the calls that the fake GitHub serves (docs.github.com/rest, version 2022-11-28)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

VERSIONS = ("2022-11-28", "2026-03-10")
ALWAYS = frozenset({401, 403, 429, 500, 502, 503})
"""What any call may be answered with."""

Check = Callable[[str], bool]


def _one_of(*words: str) -> Check:
    return words.__contains__


def _text(value: str) -> bool:
    return bool(value)


def _number(most: int) -> Check:
    return lambda value: value.isdigit() and 1 <= int(value) <= most


_PAGES = {"per_page": _number(100), "page": _number(10**6)}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A call. ``query``: what each parameter may be. ``body``: each member's type; ``required``: those that must be."""

    method: str
    path: str
    statuses: frozenset[int]
    query: Mapping[str, Check] = field(default_factory=dict)
    body: Mapping[str, type] | None = None
    required: frozenset[str] = frozenset()

    def faults(self, *, query: Mapping[str, str], body: Any) -> list[str]:
        """What is wrong with a call's parameters and body."""
        found = [f"parameter {name}={value}" for name, value in query.items() if not self._takes(name, value)]
        if self.body is None:
            return found + (["a body"] if body is not None else [])
        if not isinstance(body, dict):
            return [*found, "no object as body"]
        found += [f"no member {name}" for name in sorted(self.required - body.keys())]
        wrong = (name for name, value in body.items() if type(value) is not self.body.get(name))
        return found + [f"member {name}" for name in wrong]

    def _takes(self, name: str, value: str) -> bool:
        check = self.query.get(name)
        return check is not None and check(value)


_REPOSITORY = r"/repos/(?P<name>[^/]+/[^/]+)"

SHAPES = {
    "user": Shape(method="GET", path=r"/user", statuses=frozenset({200, 304})),
    "repositories": Shape(
        method="GET",
        path=r"/user/repos",
        statuses=frozenset({200, 304, 422}),
        query={
            "visibility": _one_of("all", "public", "private"),
            "affiliation": _text,
            "type": _one_of("all", "owner", "public", "private", "member"),
            "sort": _one_of("created", "updated", "pushed", "full_name"),
            "direction": _one_of("asc", "desc"),
            "since": _text,
            "before": _text,
            **_PAGES,
        },
    ),
    "repository": Shape(method="GET", path=_REPOSITORY, statuses=frozenset({200, 301, 404})),
    "reference": Shape(
        method="GET", path=rf"{_REPOSITORY}/git/ref/(?P<ref>heads/.+)", statuses=frozenset({200, 404, 409})
    ),
    "pull_requests": Shape(
        method="GET",
        path=rf"{_REPOSITORY}/pulls",
        statuses=frozenset({200, 304, 404, 422}),
        query={
            "state": _one_of("open", "closed", "all"),
            "head": _text,
            "base": _text,
            "sort": _one_of("created", "updated", "popularity", "long-running"),
            "direction": _one_of("asc", "desc"),
            **_PAGES,
        },
    ),
    "open_pull_request": Shape(
        method="POST",
        path=rf"{_REPOSITORY}/pulls",
        statuses=frozenset({201, 404, 422}),
        body={
            "title": str,
            "head": str,
            "head_repo": str,
            "base": str,
            "body": str,
            "maintainer_can_modify": bool,
            "draft": bool,
            "issue": int,
        },
        required=frozenset({"title", "head", "base"}),  # an issue may stand for the title; the agent has none
    ),
    "fork": Shape(
        method="POST",
        path=rf"{_REPOSITORY}/forks",
        statuses=frozenset({202, 400, 404, 422}),
        body={"organization": str, "name": str, "default_branch_only": bool},
    ),
}


def shape_of(method: str, path: str) -> tuple[str, Mapping[str, str]] | None:
    """The name of the call, and what its path holds."""
    for name, shape in SHAPES.items():
        if method == shape.method and (found := re.fullmatch(shape.path, path)):
            return name, found.groupdict()
    return None


def header_faults(headers: Mapping[str, str]) -> list[str]:
    """What is wrong with the headers, which each call carries; their names are in lower case."""
    expected = {
        "user-agent": r".+",
        "accept": r"application/vnd\.github\+json",
        "authorization": r"Bearer [\x21-\x7e]+",
        "x-github-api-version": "|".join(VERSIONS),
    }
    return [f"header {name}" for name, shape in expected.items() if not re.fullmatch(shape, headers.get(name, ""))]
