"""``/docs``: the API document as one page that loads nothing from anywhere, so that it also works where nothing can."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from codeforge_gateway.errors import PROBLEMS

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { overflow: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .25rem .75rem .25rem 0 }
summary { cursor: pointer; padding: .35rem 0 } section { margin: 2rem 0 } b { display: inline-block; min-width: 4.5rem }
"""


async def docs(request: Request) -> Response:
    """The page."""
    document = request.app.openapi()
    return HTMLResponse(page(document))


def page(document: Mapping[str, Any]) -> str:
    """The whole document as HTML."""
    info = document["info"]
    tags: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    sections = (f"<section><h2>{escape(tag)}</h2>{''.join(parts)}</section>" for tag, parts in tags.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])} "
        'The same for machines: <a href="openapi.json">openapi.json</a>.</p>'
        f"{''.join(sections)}<section><h2>problems</h2>{_problems()}</section></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    name = f"<b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}"
    return (
        f"<details><summary>{name}</summary>"
        f"<p>{escape(operation.get('description', ''))}</p>{''.join(_details(operation))}</details>"
    )


def _details(operation: Mapping[str, Any]) -> Iterator[str]:
    if parameters := operation.get("parameters"):
        rows = ((one["name"], one["in"], one.get("description", "")) for one in parameters)
        yield _table(("parameter", "in", ""), rows)
    for body in operation.get("requestBody", {}).get("content", {}).values():
        yield f"<p>Body:</p><pre>{escape(json.dumps(body['schema'], indent=2, ensure_ascii=False))}</pre>"
    yield _table(("answer", ""), ((status, one["description"]) for status, one in operation["responses"].items()))


def _problems() -> str:
    rows = ((str(kind.status), code, f"{kind.title}. {kind.about}") for code, kind in PROBLEMS.items())
    return _table(("status", "code", ""), rows)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    body = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    return f"<table><tr>{heads}</tr>{''.join(f'<tr>{row}</tr>' for row in body)}</table>"
