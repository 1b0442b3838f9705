"""All checks together, and those that say only one thing."""

from __future__ import annotations

import pytest

from codeforge_worker.agent.edit.change import Change
from codeforge_worker.agent.edit.checks import CHECKS, check_all, kinds, scope, size, something
from tests.worker.agent.edit.checks.changes import DEMANDS, changed, demands, edit


def test_an_ordinary_change_is_fine() -> None:
    assert check_all(changed("README.md", "# Engine\n", "# Cỗ máy\n"), DEMANDS) == []
    assert check_all(changed("docs/new.md", None, "# New\n"), DEMANDS) == []


def test_every_complaint_is_told() -> None:
    bad = changed(".github/workflows/ci.json", "{}\n", "{\r\n")
    complaints = check_all(bad, DEMANDS)
    assert len(complaints) == 3
    assert all(complaint.endswith(".") for complaint in complaints)
    assert len(CHECKS) == 7


def test_nothing_changed() -> None:
    assert list(something.check(edit(), DEMANDS)) == [something.EMPTY]
    assert list(something.check(changed("a", "a", "b"), DEMANDS)) == []


def test_the_largest_diff() -> None:
    change = Change(path="large.txt", before=b"", after=b"")
    assert list(size.check(edit(change, diff="x" * 1000, patch="x" * 1000), DEMANDS)) == []
    (complaint,) = size.check(edit(change, diff="x" * 1001), DEMANDS)
    assert "1001 bytes" in complaint and "at most 1000" in complaint and "large.txt" in complaint
    assert list(size.check(edit(change, patch="ế" * 334), DEMANDS))  # bytes, not characters


def test_what_the_request_does_not_name() -> None:
    assert list(scope.check(changed("a.py", "a", "b"), demands(files=["a.py"]))) == []
    (complaint,) = scope.check(changed("b.py", "a", "b"), demands(files=["a.py"]))
    assert "b.py isn't among the files that the request names: a.py." in complaint


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("100644", "100644", None),
        ("100755", "100755", None),
        (None, "100644", None),
        ("100644", None, None),
        (None, "100755", "mode 100755"),
        ("100644", "100755", "keep its mode"),
        ("100755", "100644", "keep its mode"),
        (None, "120000", "symbolic link"),
        ("100644", "120000", "symbolic link"),
        ("120000", "120000", "symbolic link"),
        ("120000", None, "symbolic link"),
        (None, "160000", "submodule"),
        ("160000", "160000", "submodule"),
    ],
)
def test_the_kind_of_a_file(before: str | None, after: str | None, word: str | None) -> None:
    complaints = list(
        kinds.check(edit(Change(path="a", before=b"", after=b"", mode_before=before, mode_after=after)), DEMANDS)
    )
    assert len(complaints) == (word is not None)
    assert word is None or word in complaints[0]
