from __future__ import annotations

from pathlib import Path

import pytest

from codeforge_worker.agent.stage import Stage
from tests.worker.agent.job import Notes, job

STAGE = Stage(name="Cloning", begin=20, end=40)


@pytest.mark.parametrize(("share", "percent"), [(0, 20), (0.5, 30), (1, 40), (-1, 20), (7, 40)])
def test_a_stage_s_share_of_the_whole(share: float, percent: int, notes: Notes) -> None:
    STAGE.advance(job(Path("/nonexistent"), notes=notes), share)
    assert notes.progresses == [(percent, "Cloning")]


def test_entering_a_stage(notes: Notes) -> None:
    STAGE.enter(job(Path("/nonexistent"), notes=notes))
    assert notes.progresses == [(20, "Cloning")]
