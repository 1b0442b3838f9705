"""The how-to says what to do for every code with which a job of the agent may fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
AGENT = ROOT / "services/worker/src/codeforge_worker/agent"
HOW_TO = ROOT / "docs/how-to/ask-for-a-pull-request.md"

# While tests are collected: after one that ran into the recursion limit CPython 3.11 may be unable to parse them.
MODULES = [ast.parse(path.read_text()) for path in AGENT.rglob("*.py")]

CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
ROW = re.compile(r"^\| (`.*`) \|", re.MULTILINE)


def test_every_code_stands_in_the_table_once_and_no_other() -> None:
    section = HOW_TO.read_text().partition("## When it says no")[2]
    documented = [code for row in ROW.findall(section) for code in re.findall(r"`(\w+)`", row)]
    codes = {code for module in MODULES for code in _codes(module)}
    assert {"model_not_configured", "time_limit", "clone_failed", "push_refused"} <= codes, "one of each kind"
    assert sorted(codes - set(documented)) == [], "the how-to doesn't say what to do"
    assert [code for code in documented if code not in codes] == [], "nothing fails with these any more"
    assert len(documented) == len(codes), "one of them stands there twice"


def _codes(module: ast.Module) -> Iterator[str]:
    """The first argument of each ``Fail`` and ``LimitReached``, and the first column of each table of codes."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name("Fail" | "LimitReached" | "cls"), args=[ast.Constant(str(code)), _, *_]):
                yield code
            case ast.Assign(value=ast.Tuple(rows)):
                yield from filter(None, map(_code_of, rows))


def _code_of(row: ast.expr) -> str | None:
    """The code of a row that is a code, a sentence and a pattern."""
    match row:
        case ast.Tuple([ast.Constant(str(code)), _, ast.Constant(str())]) if CODE.fullmatch(code):
            return code
    return None
