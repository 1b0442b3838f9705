from __future__ import annotations

import pytest

from codeforge_worker.agent.edit.checks import parses
from tests.worker.agent.edit.checks.changes import DEMANDS, changed

GOOD = {"a.py": "x = 1\n", "a.json": '{"a": 1}\n', "a.toml": "a = 1\n", "a.pyi": "x: int\n", "a.yml": "a: [1]\n"}
BAD = {"a.py": "x = (1\n", "a.json": '{"a": 1,}\n', "a.toml": "a = \n", "a.pyi": "def f(:\n", "a.yml": "a: [1}\n"}


@pytest.mark.parametrize("path", GOOD)
def test_what_parses_still_has_to(path: str) -> None:
    (complaint,) = parses.check(changed(path, GOOD[path], BAD[path]), DEMANDS)
    assert complaint.startswith(f"{path} can't be parsed: ") and "line 1" in complaint
    assert list(parses.check(changed(path, GOOD[path], GOOD[path] + "\n"), DEMANDS)) == []


@pytest.mark.parametrize("path", GOOD)
def test_what_is_new_has_to(path: str) -> None:
    assert len(list(parses.check(changed(path, None, BAD[path]), DEMANDS))) == 1
    assert list(parses.check(changed(path, None, GOOD[path]), DEMANDS)) == []


@pytest.mark.parametrize("path", GOOD)
def test_what_never_did_need_not(path: str) -> None:
    assert list(parses.check(changed(path, BAD[path], BAD[path] + "\n"), DEMANDS)) == []
    assert list(parses.check(changed(path, GOOD[path], None), DEMANDS)) == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.md", "x = (1"),
        ("Makefile", "x = (1"),
        ("a.yaml", "a: !Ref b\n---\nb: &x 1\nc: *x\n"),
        ("chart/templates/a.yaml", "{{- if .Values.a }}\n"),
        ("tsconfig.json", "{// strict\n}"),
        ("packages/a/tsconfig.build.json", "{// strict\n}"),
        (".vscode/settings.json", "{// mine\n}"),
        ("a.PY", "x = 1\n"),
        ("a.py", ""),
        ("a.json", "9" * 10_000),
        ("a.py", 'x = "\\d"\n'),  # warns, and here warnings are errors
        ("a.py", "\ufeffx = 1\n"),
        ("a.py", "x = 1\r\ny = 2\r\n"),
    ],
)
def test_what_is_fine(path: str, content: str) -> None:
    assert list(parses.check(changed(path, None, content), DEMANDS)) == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.py", "(" * 100_000),
        ("a.py", "-" * 100_000 + "1"),
        ("a.py", "x" + ".y" * 100_000),
        ("a.py", "\n".join("\t" * depth + "if x:" for depth in range(200))),
        ("a.json", "[" * 100_000),
        ("a.json", "[NaN]"),
        ("a.yaml", "[" * 100_000),
        ("a.yaml", "a: *nowhere\n"),
        ("a.yaml", "a:\n\tb: 1\n"),
        ("a.toml", "a = " + "[" * 100_000),
        ("a.toml", "a." * 500_000 + "b = 1"),
    ],
)
def test_a_text_that_is_made_to_break_a_parser_is_a_complaint(path: str, content: str) -> None:
    assert len(list(parses.check(changed(path, "", content), DEMANDS))) == 1
