"""What the worker reads from its environment."""

from __future__ import annotations

from pydantic import Field

from codeforge_common.settings import (
    DAY,
    KIB,
    MIB,
    BrokerSettings,
    CommaSeparated,
    EventLogSettings,
    HttpUrl,
    JobSettings,
    ModelSettings,
    SecretsSettings,
    TelemetrySettings,
)


class AgentSettings(ModelSettings):
    """Agents"""

    agent_model_calls_max: int = Field(60, ge=1, le=10_000)
    """Calls of a model that one job may make; at the limit it stops with `model_call_limit` and what it has."""
    agent_model_tokens_max: int = Field(2_000_000, ge=1000, le=10**9)
    """Tokens, read and written, that one job may use; at the limit it stops with `token_limit` and what it has."""
    agent_wall_seconds: float = Field(3600, ge=1, le=DAY)
    """Seconds that one job may work, all attempts together; at the limit it stops with `time_limit` and what it has."""
    agent_allow_local_repositories: bool = False
    """Whether a job may name a repository by a local path or a `file://` address."""
    agent_clone_max_bytes: int = Field(512 * MIB, ge=MIB, le=1024**4)
    """Bytes that a clone may take on the disk."""
    agent_clone_timeout_seconds: float = Field(300, ge=1, le=86_400)
    """Seconds that a clone may take."""
    agent_edit_file_max_bytes: int = Field(MIB, ge=KIB, le=64 * MIB)
    """Bytes of a file that a model may read or write."""
    agent_edit_files_max: int = Field(50, ge=1, le=10_000)
    """Files that one job may change."""
    agent_edit_turn_max_bytes: int = Field(48 * KIB, ge=KIB, le=64 * MIB)
    """Bytes of files that a model may write in one turn; what changed in them is kept as part of a step's result."""
    agent_edit_turn_reads_max: int = Field(40, ge=1, le=10_000)
    """Times that a model may list, read or search in one turn."""
    agent_edit_answer_max_chars: int = Field(30_000, ge=1000, le=10_000_000)
    """Characters of a tool's answer to a model; what is longer is cut, and says so."""
    agent_edit_search_seconds: float = Field(5, ge=0.1, le=600)
    """Seconds that one search of a model may take."""
    agent_edit_diff_max_bytes: int = Field(256 * KIB, ge=KIB, le=16 * MIB)
    """Bytes of a change's diff; a larger one isn't pushed."""
    github_api_url: HttpUrl = "https://api.github.com"
    """Address of GitHub's API; set it with `GITHUB_SERVER_URL` for GitHub Enterprise."""
    github_server_url: HttpUrl = "https://github.com"
    """Address from which repositories called `owner/name` are cloned."""


class WorkerSettings(BrokerSettings, JobSettings, EventLogSettings, SecretsSettings, TelemetrySettings, AgentSettings):
    """Worker"""

    metrics_port: int = Field(9103, ge=0, le=65_535)
    """Port on which `/metrics`, `/healthz` and `/readyz` are served; `0` takes a free one and logs it."""
    worker_concurrency: int = Field(2, ge=1, le=1000)
    """Jobs that one worker runs at the same time."""
    worker_types: CommaSeparated = ()
    """Job types, separated by commas, that the worker serves; unset serves all it has."""
    worker_idle_poll_seconds: float = Field(1, ge=0, le=3600)
    """Seconds between two looks for work of an idle worker that nobody rang for; `0` switches them off."""
    worker_loop_stall_seconds: float = Field(30, ge=1, le=3600)
    """Seconds without a sign of life of the event loop after which the worker ends itself."""
    worker_grace_seconds: float = Field(25, ge=0, le=3600)
    """Seconds that running jobs have to finish after SIGTERM before they are handed back."""
    job_step_result_max_bytes: int = Field(256 * KIB, ge=KIB, le=64 * MIB)
    """Bytes of a step's result as JSON; a larger one fails the job with `step_result_too_large`."""
    job_steps_max: int = Field(100, ge=1, le=10_000)
    """Steps of a job; one more fails it with `too_many_steps`."""
    job_steps_max_bytes: int = Field(4 * MIB, ge=KIB, le=256 * MIB)
    """Bytes of a job's steps together as JSON; more fail it with `too_many_steps`."""
    worker_cancel_seconds: float = Field(10, ge=0.1, le=3600)
    """Seconds that a cancelled handler has to stop before it is stopped by force."""
    enable_queue_monitoring: bool = False
    """Whether the worker logs the queue's statistics each minute."""
