from __future__ import annotations

import pytest

from codeforge_worker.agent.facts.todos import LISTED, TEXT_LENGTH, Todos
from tests.worker.agent.facts.measuring import measured


@pytest.mark.parametrize(
    ("path", "line", "kind", "text"),
    [
        ("a.py", "x = 1  # TODO: tidy up", "TODO", "tidy up"),
        ("a.py", "#TODO(ada): ask her", "TODO", "ask her"),
        ("a.js", "// FIXME breaks on Sundays", "FIXME", "breaks on Sundays"),
        ("a.c", "/* HACK: works */", "HACK", "works"),
        ("a.c", " * XXX", "XXX", ""),
        ("a.html", "<!-- TODO write -->", "TODO", "write"),
        ("a.sql", "-- TODO index", "TODO", "index"),
        ("a.js", "/** @todo */ // @TODO later", "TODO", "later"),
    ],
)
def test_a_mark_at_the_beginning_of_a_comment(path: str, line: str, kind: str, text: str) -> None:
    found = measured(Todos(), {path: f"\n{line}\n"})
    assert found["items"] == [{"path": path, "line": 2, "kind": kind, "text": text}]


@pytest.mark.parametrize("line", ["TODO = []", "# my TODOS", "todo_list()", "# nothing TO DO", "print('TODO')"])
def test_words_that_are_no_marks(line: str) -> None:
    assert measured(Todos(), {"a.py": line})["count"] == 0


def test_all_are_counted_and_some_are_listed_and_none_is_long() -> None:
    found = measured(Todos(), {"a.py": f"# TODO {'x' * 999}\n# FIXME\n" * 50})
    assert (found["count"], found["kinds"]) == (100, {"TODO": 50, "FIXME": 50})
    assert len(found["items"]) == LISTED
    assert len(found["items"][0]["text"]) == TEXT_LENGTH


def test_prose_and_copies_are_left_out() -> None:
    assert measured(Todos(), {"TODO.md": "# TODO", "node_modules/a.js": "// TODO"})["count"] == 0
