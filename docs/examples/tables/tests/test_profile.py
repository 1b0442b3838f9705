"""The blocking handler: three jobs, and what became of them."""

from __future__ import annotations

import pytest
from acme_tables.profile import table_profile

from codeforge_common.testing import AfterTelling, ContextRefused, Line, Progress, run


def test_each_column_has_its_most_frequent_value() -> None:
    told = run(table_profile, context={"csv": "city,fruit\nRome,fig\nOslo,fig\nOslo,plum\n"})
    assert told.status == "completed"
    assert told.result["columns"]["city"] == {"values": 2, "mostFrequent": "Oslo"}
    assert told.events == (Progress(0, "Column city"), Progress(50, "Column fruit"), Line("Looked at 3 rows"))


def test_an_empty_table_fails_for_good() -> None:
    told = run(table_profile, context={"csv": "city,fruit\n"})
    assert (told.status, told.failed_reason) == ("failed", "empty_table: The table has no rows.")


def test_a_cancel_ends_it() -> None:
    told = run(table_profile, context={"csv": "city,fruit\nRome,fig\n"}, cancel=AfterTelling("Column city"))
    assert (told.status, told.logs) == ("cancelled", [])


def test_a_job_without_a_table_gets_no_further_than_the_gateway() -> None:
    with pytest.raises(ContextRefused, match='"csv" is a required property'):
        run(table_profile, context={"table": "sales"})
