"""The how-tos show files that run, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "tests").glob("*/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(#[^)]*)?\)")
SHOWN = re.compile(r"^\[[^\]]*\]\((?P<path>[^)]*)\)\n\n```\w+\n(?P<text>.*?)```", re.MULTILINE | re.DOTALL)
"""A line that is a link to a file, and then the file."""


@pytest.mark.parametrize("name", ["write-a-handler.md", "watch-jobs-live.md"])
def test_what_a_page_shows_is_what_the_file_holds(name: str) -> None:
    page = ROOT / "docs/how-to" / name
    shown = list(SHOWN.finditer(page.read_text()))
    assert shown
    for match in shown:
        assert (page.parent / match["path"]).read_text() == match["text"], match["path"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [path for path, _ in LINK.findall(page.read_text()) if "://" not in path]
    missing = [path for path in targets if not (page.parent / path).exists()]
    assert missing == []
