"""Every setting that more than one service reads, in small groups; a service's own settings combine them.

The environment variable of a field is its name in capitals. An empty variable counts as unset. Lists are separated
by commas. Nothing is read at import: :func:`load` reads the environment once, at start.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from codeforge_common.errors import ConfigurationError

KIB = 1024
MIB = 1024 * KIB
DAY = 86_400
YEAR = 366 * DAY


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(item for item in (part.strip() for part in value.split(",")) if item)
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A list that is written with commas in the environment; blanks around items and empty items are dropped."""


def _server_address(value: str, *, schemes: tuple[str, ...]) -> str:
    url = urlsplit(value)
    if url.scheme not in schemes or not url.netloc:
        raise ValueError(f"should be an address that starts with {', '.join(f'{scheme}://' for scheme in schemes)}")
    if url.scheme == "sentinel" and not parse_qs(url.query).get("master"):
        raise ValueError("should name the master of its sentinels, as in sentinel://host1,host2/0?master=name")
    return value


_STORE_SCHEMES = ("redis", "rediss", "sentinel")
StoreUrl = Annotated[str, AfterValidator(lambda value: _server_address(value, schemes=_STORE_SCHEMES))]
BrokerUrl = Annotated[str, AfterValidator(lambda value: _server_address(value, schemes=(*_STORE_SCHEMES, "amqp")))]


def _http_address(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("should be an address that starts with http:// or https://")
    return value.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_address)]
"""An http or https address, without a slash at its end."""


def _origin(value: str) -> str:
    # `*` is refused: with a token in a page's memory, or with none at all, any website could act for the person.
    if not re.fullmatch(r"https?://[^/?#@*\s]+", value):
        raise ValueError("should be origins such as https://chat.example.org, without a path and without *")
    return value.lower()


def _host(value: str) -> str:
    # `*` is refused, because the list is what stops DNS rebinding.
    if not re.fullmatch(r"\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+", value):
        raise ValueError("should be host names such as localhost, without scheme, port and *")
    return value.lower()


class Settings(BaseSettings):
    """What all groups have in common: read from the environment, never changed afterwards, values not in errors."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class StoreSettings(Settings):
    """Store"""

    redis_url: StoreUrl = Field("redis://localhost:6379", repr=False)
    """Server that keeps the jobs: `redis://`, `rediss://` or `sentinel://h1,h2/0?master=name`."""
    redis_tls_verify: Literal["full", "none"] = "full"
    """What is checked of the server's certificate with `rediss://`; `none` accepts any."""
    redis_tls_ca: FilePath | None = None
    """PEM file with the authorities that may sign the server's certificate; unset takes the system's."""
    store_namespace: str = Field("codeforge", pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    """Prefix of every key and queue, so that several installations can share a server."""
    store_max_bytes: int | None = Field(None, ge=8 * MIB, le=1024**5)
    """Budget of the store in bytes; unset takes the server's `maxmemory`, else 512 MiB (see operations)."""


class BrokerSettings(StoreSettings):
    """Broker"""

    broker_url: BrokerUrl = Field(default_factory=lambda read: read["redis_url"], repr=False)
    """Server that carries the rings, also `amqp://`; unset takes the value of `REDIS_URL`."""


class JobSettings(Settings):
    """Jobs (the same in every service)"""

    job_attempts: int = Field(3, ge=1, le=100)
    """Attempts of a job that may fail before the job fails, unless its type says otherwise."""
    job_backoff_seconds: float = Field(2, ge=0, le=DAY)
    """Seconds before the second attempt; each further pause is twice as long, with jitter."""
    job_backoff_max_seconds: float = Field(300, ge=0, le=DAY)
    """Longest pause in seconds between two attempts."""
    job_max_crashes: int = Field(3, ge=1, le=100)
    """Expired leases (lost workers) after which a job fails as poison."""
    job_lease_seconds: float = Field(10, ge=3, le=3600)
    """Seconds for which a claim is good without a renewal, unless the job type says otherwise."""
    job_retention_completed_seconds: float = Field(DAY, ge=1, le=YEAR)
    """Seconds for which a completed job is kept."""
    job_retention_completed_count: int = Field(1000, ge=1, le=1_000_000)
    """Completed jobs kept for each user and type; none younger than an hour goes for that."""
    job_retention_failed_seconds: float = Field(7 * DAY, ge=1, le=YEAR)
    """Seconds for which a failed or cancelled job is kept."""
    job_log_max_lines: int = Field(1000, ge=10, le=100_000)
    """Lines kept of a job's log; the oldest go."""
    job_log_max_bytes: int = Field(256 * KIB, ge=KIB, le=64 * MIB)
    """Bytes kept of a job's log; the oldest lines go."""
    job_log_line_max_bytes: int = Field(4 * KIB, ge=64, le=MIB)
    """Bytes of one line of a job's log; what is longer is cut."""
    job_result_max_bytes: int = Field(MIB, ge=KIB, le=64 * MIB)
    """Bytes of a job's result as JSON; a larger one fails the job with `result_too_large`."""
    job_output_max_bytes: int = Field(MIB, ge=KIB, le=64 * MIB)
    """Bytes kept of a job's output; what comes after that is dropped."""
    job_timeline_max: int = Field(200, ge=10, le=10_000)
    """Entries kept of a job's timeline; the oldest go."""
    job_cleanup_interval_seconds: float = Field(DAY, ge=60, le=30 * DAY)
    """Seconds between two sweeps that look for orphans; what is over its age goes each second."""
    secrets_retry_seconds: float = Field(3600, ge=0, le=7 * DAY)
    """Seconds for which a failed or cancelled job's sealed secrets are kept, so that it can be retried by hand."""
    user_max_running: int = Field(10, ge=1, le=100_000)
    """Jobs of one user that run at the same time."""
    user_max_waiting: int = Field(1000, ge=1, le=10_000_000)
    """Jobs of one user that may wait; a submit beyond that is refused with 429."""


class EventLogSettings(Settings):
    """Event log"""

    event_log_max_bytes: int | None = Field(None, ge=64 * KIB, le=1024**4)
    """Bytes of events kept for replays; unset takes 16 MiB, or 4 MiB where the server has at most 64 MB."""
    event_log_max_seconds: float = Field(DAY, ge=60, le=30 * DAY)
    """Seconds for which events are kept for replays."""


class ModeSettings(Settings):
    """Mode"""

    auth_mode: Literal["none", "jwt"] = "none"
    """Who is believed: `none` (development) takes the caller's word, `jwt` wants a signed token."""


class IdentitySettings(ModeSettings):
    """Identity"""

    auth_jwt_secret: SecretStr | None = None
    """Key of at least 32 bytes that signs the tokens (HS256); required with `AUTH_MODE=jwt`."""
    auth_allow_insecure_bind: bool = False
    """Whether development mode may listen beyond loopback; only for networks that nobody else reaches."""
    allowed_hosts: Annotated[CommaSeparated, AfterValidator(lambda hosts: tuple(map(_host, hosts)))] = (
        "localhost",
        "127.0.0.1",
        "[::1]",
    )
    """Host names, separated by commas, that development mode answers to, against DNS rebinding."""
    cors_origins: Annotated[CommaSeparated, AfterValidator(lambda origins: tuple(map(_origin, origins)))] = ()
    """Other origins, separated by commas, whose pages may call over HTTP and Socket.IO."""

    @model_validator(mode="after")
    def _jwt_needs_a_key(self) -> IdentitySettings:
        if self.auth_mode == "jwt":
            if self.auth_jwt_secret is None:
                raise ValueError("AUTH_JWT_SECRET: is required with AUTH_MODE=jwt")
            # A key shorter than the hash can be guessed from one token (RFC 7518, section 3.2).
            if len(self.auth_jwt_secret.get_secret_value().encode()) < 32:
                raise ValueError("AUTH_JWT_SECRET: should have at least 32 bytes")
        return self


class SecretsSettings(ModeSettings):
    """Secrets"""

    secrets_key: SecretStr | None = None
    """Keys that seal tokens, separated by commas (the first seals, all open), each 32 bytes in URL-safe base64."""
    state_dir: Path = Path(".state")
    """Folder for what outlives a process in development: the sealing key where `SECRETS_KEY` isn't set."""

    @model_validator(mode="after")
    def _jwt_needs_a_sealing_key(self) -> SecretsSettings:
        if self.auth_mode == "jwt" and self.secrets_key is None:
            raise ValueError("SECRETS_KEY: is required with AUTH_MODE=jwt")
        return self


class HttpSettings(IdentitySettings):
    """HTTP"""

    host: str = Field("127.0.0.1", min_length=1, max_length=255)
    """Address to listen on."""
    port: int = Field(8000, ge=0, le=65_535)
    """Port to listen on."""


class TelemetrySettings(Settings):
    """Telemetry"""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
    ] = "info"
    """Least important level that is logged: `debug`, `info`, `warning` or `error`."""
    log_format: Literal["console", "json"] = "console"
    """How log lines are written: for people or as JSON."""
    metrics_host: str = Field("127.0.0.1", min_length=1, max_length=255)
    """Address on which `/metrics`, `/healthz` and `/readyz` are served; `fd://7` is an inherited socket."""
    metrics_port: int = Field(9101, ge=0, le=65_535)
    """Port on which `/metrics`, `/healthz` and `/readyz` are served; `0` takes a free one and logs it."""
    otel_exporter_otlp_endpoint: HttpUrl | None = None
    """Collector that gets the traces over OTLP/HTTP, e.g. `http://collector:4318`; unset sends none."""
    otel_traces_sampler_arg: float = Field(1.0, ge=0, le=1)
    """Share of the requests that are traced, 0 to 1, where the caller hasn't decided it."""
    otel_service_name: str | None = Field(None, min_length=1, max_length=255)
    """Name of the service in traces; unset takes `codeforge-` and the service's."""


class ModelSettings(Settings):
    """Models"""

    agent_model: str | None = Field(None, pattern=r"^[a-z0-9_-]+:\S+$")
    """Model as `provider:name`, e.g. `openai:…` or `anthropic:…`; unset fails what needs one."""
    agent_model_timeout_seconds: float = Field(120, ge=1, le=3600)
    """Seconds that a model's provider may be silent in one call."""
    agent_model_attempts: int = Field(4, ge=1, le=20)
    """Times that one call of a model is tried while its provider fails or asks for patience."""
    openai_api_key: SecretStr | None = None
    """Key for `openai:` models; a server of your own that wants none needs only `OPENAI_BASE_URL`."""
    openai_base_url: HttpUrl | None = None
    """Address of an OpenAI-compatible server (Ollama, vLLM, Heroku inference, …); unset is OpenAI's."""
    anthropic_api_key: SecretStr | None = None
    """Key for `anthropic:` models."""
    anthropic_base_url: HttpUrl | None = None
    """Address of a server that speaks Anthropic's Messages API; unset is Anthropic's."""

    @property
    def provider_keys(self) -> list[str]:
        """The keys by value, for whoever has to keep them out of logs."""
        keys = (self.openai_api_key, self.anthropic_api_key)
        return [key.get_secret_value() for key in keys if key is not None]


SettingsT = TypeVar("SettingsT", bound=Settings)


def load(settings: type[SettingsT]) -> SettingsT:
    """The settings from the environment.

    :raises ConfigurationError: names every variable that can't be used, and never shows a value.
    """
    try:
        return settings()
    except ValidationError as error:
        # Not chained: pydantic's own text would be printed below ours.
        raise ConfigurationError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        if fault["type"] == "default_factory_not_called":  # REDIS_URL has its own line
            continue
        text = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
        lines.append(f"{str(fault['loc'][0]).upper()}: {text}" if fault["loc"] else text)
    return "\n".join(lines)
