"""The catalogue of defects keeps up with the scripts (``python -m tests.common.store.mutants`` tries them all)."""

from __future__ import annotations

from tests.common.store.defects import DEFECTS
from tests.common.store.mutants import LUA, SUITE, damaged


def test_every_defect_has_a_place_of_its_own_and_changes_it() -> None:
    for defect in DEFECTS:
        assert damaged(defect) != (LUA / defect.file).read_text(), defect.name
        assert (SUITE / f"test_{defect.first}.py").exists(), defect.name
    assert len({(defect.file, damaged(defect)) for defect in DEFECTS}) == len(DEFECTS)
