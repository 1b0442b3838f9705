from __future__ import annotations

import re

from markdown_it import MarkdownIt

from codeforge_worker.agent.report import report, summary
from tests.worker.agent.known_facts import PLAIN, RICH


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def test_a_summary_in_one_sentence() -> None:
    assert summary(RICH, label="ada/engine") == (
        "ada/engine: 1,200 files, 50,000 lines, mostly TypeScript (90 %), MIT licence, 21 TODO comments."
    )
    assert summary(PLAIN, label="ada/void") == "ada/void: 0 files, 0 lines, no licence file."


def test_what_matters_comes_first() -> None:
    assert headings(report(RICH, label="ada/engine")) == [
        "Worth a look",
        "At a glance",
        "Languages",
        "Where changes happen",
        "Complexity",
        "Complex and often changed",
        "Left for later",
        "Dependencies",
        "Largest files",
        "How this was measured",
    ]


def test_nothing_is_said_of_what_is_not_there() -> None:
    assert headings(report(PLAIN, label="ada/void")) == ["Worth a look", "At a glance"]


def test_every_table_is_one() -> None:
    text = report(RICH, label="ada/engine")
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<table>") == text.count("\n| ---") == 7
    assert "| ---" not in html


def test_the_limits_of_the_measurement_are_told() -> None:
    limits = report(RICH, label="ada/engine").partition("## How this was measured")[2]
    for words in (
        "newest 200 commits",
        "more than 1,200 files",
        "6 files counted by size only",
        "5 files copied in",
        "for 2 files",
        "1 symbolic link and 2 submodules",
    ):
        assert words in limits


def test_what_is_left_out_of_a_list_is_counted() -> None:
    text = report(RICH, label="ada/engine")
    assert "… and 20 more" in text
    assert "`react` and 29 more" in text


def test_hostile_names_stay_names() -> None:
    hostile = {**RICH, "churn": [{"path": "<img src=x onerror=1>|`\n# x", "commits": 1, "added": 1, "deleted": 0}]}
    html = MarkdownIt("commonmark").enable("table").render(report(hostile, label="<b>a</b>"))
    assert "<img" not in html
    assert "<b>" not in html
    assert html.count("<h1>") == 1
