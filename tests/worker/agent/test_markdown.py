from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from codeforge_worker.agent.markdown import CODE_LENGTH, code, counted, size, table


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a`b",
        "``",
        "<script>alert(1)</script>",
        "[x](javascript:1)",
        "*a* _b_ **c**",
        "![x](https://e/x.png)",
        "# a",
    ],
)
def test_nothing_in_a_code_span_is_markup(text: str) -> None:
    html = MarkdownIt("commonmark").render(f"- {code(text)}")
    assert html.count("<") == html.count("</") * 2 == 6, html


def test_a_code_span_stands_in_a_cell() -> None:
    html = MarkdownIt("commonmark").enable("table").render(table(("A", "#B"), [(code("a|b\nc"), 1)]))
    assert html.count("<td") == 2
    assert "<code>a|b�c</code>" in html


def test_a_code_span_hides_nothing() -> None:
    assert code("a\u202eb\x00") == "`a�b�`"
    assert code(" ") == "`?`"
    assert len(code("x" * 500)) == CODE_LENGTH + 2


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536 * 1024, "1.5 MiB"), (2**41, "2048.0 GiB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_counts() -> None:
    assert (counted(1, "file"), counted(1234, "file")) == ("1 file", "1,234 files")
    assert counted(2, "function is", "functions are") == "2 functions are"
