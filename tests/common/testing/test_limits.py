"""The kit's limits are those that a worker has where nobody set others."""

from __future__ import annotations

from typing import Any

import pytest

from codeforge_common.testing import attempt, job, keeping, notes, running, told
from codeforge_worker.settings import WorkerSettings


@pytest.mark.parametrize(
    ("setting", "limit"),
    [
        ("job_attempts", job.ATTEMPTS),
        ("job_log_line_max_bytes", notes.LINE_BYTES + len("[HH:MM:SS] ")),
        ("job_max_crashes", told.MOST_CRASHES),
        ("job_output_max_bytes", notes.OUTPUT_BYTES),
        ("job_result_max_bytes", attempt.RESULT_BYTES),
        ("job_step_result_max_bytes", keeping.STEP_BYTES),
        ("job_steps_max_bytes", keeping.STEPS_BYTES),
        ("worker_cancel_seconds", running.CANCEL_SECONDS),
    ],
)
def test_a_limit(setting: str, limit: Any) -> None:
    assert WorkerSettings.model_fields[setting].default == limit
