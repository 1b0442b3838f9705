"""The job id in a path."""

from __future__ import annotations

import re

from starlette.requests import Request

from codeforge_common.errors import JobNotFound
from codeforge_gateway import openapi

_JOB_ID = re.compile(r"job_[0-9a-z]{27}")

PARAMETER = openapi.path_parameter("jobId", "The job's id.")


def job_id_of(request: Request) -> str:
    """The id, if it can be one; what can't isn't looked for. Raises JobNotFound."""
    return check_job_id(request.path_params["jobId"])


def check_job_id(job_id: str) -> str:
    """``job_id``, if it can be one. Raises JobNotFound."""
    if not _JOB_ID.fullmatch(job_id):
        raise JobNotFound("There is no such job.")
    return job_id
