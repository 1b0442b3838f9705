from __future__ import annotations

from pathlib import Path

import pytest

from docs import generate


def test_the_references_in_the_repository_are_current() -> None:
    assert generate.outdated(generate.REFERENCE) == {}, "run `make docs`"


def test_every_setting_of_every_service_has_one_row_with_a_meaning() -> None:
    rows = [line.split(" | ") for line in generate.settings_reference().splitlines() if line.startswith("| `")]
    variables = [row[0].strip("|` ") for row in rows if len(row) == 5]
    fields = {name.upper() for settings in generate.SERVICES.values() for name in settings.model_fields}
    assert sorted(variables) == sorted(fields)
    assert all(row[-1].endswith(". |") for row in rows)


def test_check_writes_nothing_and_fails_until_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "reference"
    assert generate.main(check=True, folder=folder) == 1
    assert not folder.exists()
    assert generate.main(check=False, folder=folder) == 0
    assert generate.main(check=True, folder=folder) == 0
    assert capsys.readouterr().out.count("settings.md") == 2
