"""Where a file can't be parsed, by the language of its name."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping

import yaml

_FILE = "<edited file>"
_LONG_KEY = re.compile(r"(?:[\w\"'-]{1,50}\s{0,5}\.\s{0,5}){100}")
_DEEPEST = 200
# JSON by name, with comments by custom.
_WITH_COMMENTS = re.compile(
    r"(?:^|/)(?:[tj]sconfig[^/]*|\.?eslintrc|\.babelrc|\.?swcrc|devcontainer|turbo|nx|api-extractor)\.json$"
    r"|(?:^|/)\.(?:vscode|devcontainer|zed)/"
)
# Of Helm and others: YAML only once they are filled in.
_TEMPLATE = re.compile(r"(?:^|/)templates/.*\.ya?ml$")


def fault(path: str, text: str) -> str | None:
    """What is wrong with ``text``, and where; None: nothing, or there is no parser for files of this name."""
    parse = _PARSERS.get(path.rpartition(".")[2].casefold())
    if parse is None or _WITH_COMMENTS.search(path.casefold()) or _TEMPLATE.search(path.casefold()):
        return None
    try:
        parse(text)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (RecursionError, MemoryError):
        return "it is nested too deeply"
    except ValueError as error:  # of JSON and TOML, with the place; of Python for a NUL
        return str(error)
    return None


def _python(text: str) -> None:
    # Such as an escape sequence that doesn't exist: for the file's author, not for this process's log.
    warnings.filterwarnings("ignore", module=re.escape(_FILE))
    ast.parse(text, filename=_FILE)


def _toml(text: str) -> None:
    if _LONG_KEY.search(text):  # tomllib's time grows with the square of a key's parts
        raise RecursionError
    tomllib.loads(text)


def _json(text: str) -> None:
    # Numbers as they stand: Python refuses to count beyond 4300 digits, JSON doesn't.
    json.loads(text, parse_int=str, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no value of JSON")


def _yaml(text: str) -> None:
    # Events and no tree: tags of CloudFormation and the like are fine, aliases don't multiply, and nothing recurses
    # (the tree of a deep enough nesting overflows the stack of PyYAML's C code, and the process is gone).
    anchors: set[str] = set()
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent) and event.anchor not in anchors:
                raise ValueError(f"line {event.start_mark.line + 1}: there is no anchor {event.anchor}")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:  # libyaml's time grows with the square of it
                raise RecursionError
            if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
                anchors.add(event.anchor)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise ValueError(f"line {line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "py": _python,
    "pyi": _python,
    "json": _json,
    "webmanifest": _json,
    "geojson": _json,
    "toml": _toml,
    "yaml": _yaml,
    "yml": _yaml,
}
"""By the ending of the file's name."""
