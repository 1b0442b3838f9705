from __future__ import annotations

import os
from pathlib import Path

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_common.settings import Settings, load
from codeforge_gateway.settings import GatewaySettings
from codeforge_notifier.settings import NotifierSettings
from codeforge_worker.settings import WorkerSettings

KEY = "a" * 32


# pydantic's plugin for mypy gives each class a model_construct of its own, and then finds that they differ.
class Everything(GatewaySettings, NotifierSettings, WorkerSettings):  # type: ignore[misc]
    """Everything that any service reads, to test each setting once."""


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower() in Everything.model_fields:
            monkeypatch.delenv(name)


# Contract, section 3: the defaults that clients and operators rely on.
DEFAULTS = {
    "JOB_ATTEMPTS": 3,
    "JOB_BACKOFF_SECONDS": 2,
    "JOB_MAX_CRASHES": 3,
    "JOB_LEASE_SECONDS": 10,
    "WORKER_IDLE_POLL_SECONDS": 1,
    "WORKER_CONCURRENCY": 2,
    "WORKER_TYPES": (),
    "JOB_RETENTION_COMPLETED_SECONDS": 24 * 3600,
    "JOB_RETENTION_COMPLETED_COUNT": 1000,
    "JOB_RETENTION_FAILED_SECONDS": 7 * 24 * 3600,
    "STORE_MAX_BYTES": None,
    "USER_MAX_RUNNING": 10,
    "USER_MAX_WAITING": 1000,
    "MAX_BODY_BYTES": 2**20,
    "JOB_LOG_MAX_LINES": 1000,
    "JOB_LOG_MAX_BYTES": 256 * 2**10,
    "JOB_OUTPUT_MAX_BYTES": 2**20,
    "JOB_TIMELINE_MAX": 200,
    "JOB_CLEANUP_INTERVAL_SECONDS": 86_400,
    "JOB_LOG_LINE_MAX_BYTES": 4 * 2**10,
    "JOB_RESULT_MAX_BYTES": 2**20,
    "EVENT_LOG_MAX_BYTES": None,
    "EVENT_LOG_MAX_SECONDS": 24 * 3600,
    "SOCKETS_PER_USER": 20,
    "JOINS_PER_SOCKET": 50,
    "ENABLE_QUEUE_MONITORING": False,
    "REDIS_URL": "redis://localhost:6379",
    "REDIS_TLS_VERIFY": "full",
    "REDIS_TLS_CA": None,
    "BROKER_URL": "redis://localhost:6379",
    "PORT": 8000,
    "CORS_ORIGINS": (),
    "AUTH_MODE": "none",
    "AUTH_JWT_SECRET": None,
    "AUTH_ALLOW_INSECURE_BIND": False,
    "ALLOWED_HOSTS": ("localhost", "127.0.0.1", "[::1]"),
    "AGENT_MODEL": None,
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_SERVER_URL": "https://github.com",
    "SUBMIT_RATE_LIMIT": 120,
    "SUBMIT_RATE_BURST": 60,
    "SECRETS_RETRY_SECONDS": 3600,
    "METRICS_PUBLIC": False,
    "AGENT_ALLOW_LOCAL_REPOSITORIES": False,
    "WORKER_LOOP_STALL_SECONDS": 30,
    "WORKER_GRACE_SECONDS": 25,
    "WORKER_CANCEL_SECONDS": 10,
}


@pytest.mark.parametrize(("variable", "default"), DEFAULTS.items())
def test_the_default_is_the_contracts(variable: str, default: object) -> None:
    assert getattr(load(Everything), variable.lower()) == default


def test_each_service_serves_its_metrics_on_a_port_of_its_own() -> None:
    assert load(GatewaySettings).metrics_port == 9101
    assert load(NotifierSettings).metrics_port == 9102
    assert load(WorkerSettings).metrics_port == 9103


# The two ends of each range, and the first values beyond them.
EDGES = [
    ("JOB_ATTEMPTS", ["1", "100"], ["0", "101", "1.5", "three"]),
    ("JOB_BACKOFF_SECONDS", ["0", "86400"], ["-1", "86401", "nan", "inf"]),
    ("JOB_BACKOFF_MAX_SECONDS", ["0", "86400"], ["-1", "86401"]),
    ("JOB_MAX_CRASHES", ["1", "100"], ["0", "101"]),
    ("JOB_LEASE_SECONDS", ["3", "3600"], ["2.99", "0", "3601", "nan"]),
    ("JOB_RETENTION_COMPLETED_SECONDS", ["1", "31622400"], ["0", "31622401"]),
    ("JOB_RETENTION_COMPLETED_COUNT", ["1", "1000000"], ["0", "1000001"]),
    ("JOB_RETENTION_FAILED_SECONDS", ["1", "31622400"], ["0", "31622401"]),
    ("JOB_LOG_MAX_LINES", ["10", "100000"], ["9", "100001"]),
    ("JOB_LOG_MAX_BYTES", ["1024", "67108864"], ["1023", "67108865"]),
    ("JOB_LOG_LINE_MAX_BYTES", ["64", "1048576"], ["63", "1048577"]),
    ("JOB_RESULT_MAX_BYTES", ["1024", "67108864"], ["1023", "67108865"]),
    ("JOB_OUTPUT_MAX_BYTES", ["1024", "67108864"], ["1023", "67108865"]),
    ("JOB_TIMELINE_MAX", ["10", "10000"], ["9", "10001"]),
    ("JOB_CLEANUP_INTERVAL_SECONDS", ["60", "2592000"], ["59", "2592001"]),
    ("SECRETS_RETRY_SECONDS", ["0", "604800"], ["-1", "604801"]),
    ("USER_MAX_RUNNING", ["1", "100000"], ["0", "100001"]),
    ("USER_MAX_WAITING", ["1", "10000000"], ["0", "10000001"]),
    ("EVENT_LOG_MAX_BYTES", ["65536", "1099511627776"], ["65535", "1099511627777"]),
    ("EVENT_LOG_MAX_SECONDS", ["60", "2592000"], ["59", "2592001"]),
    ("STORE_MAX_BYTES", ["8388608"], ["8388607"]),
    ("STORE_NAMESPACE", ["a", "team-1_b"], ["", "{a}", "A", "1a", "a" * 33][1:]),
    ("REDIS_URL", ["rediss://:pw@h:1/2", "sentinel://a:1,b:2/0?master=m"], ["http://h", "redis://", "sentinel://a/0"]),
    ("REDIS_TLS_VERIFY", ["none"], ["no", "false"]),
    ("REDIS_TLS_CA", [__file__], ["/nowhere/ca.pem"]),
    ("BROKER_URL", ["amqp://u:p@h:5672//", "redis://h"], ["amqps://h", "kafka://h", "localhost"]),
    ("AUTH_MODE", ["none"], ["JWT", "basic"]),
    ("ALLOWED_HOSTS", ["chat.example.org,[::1]"], ["*", "localhost,*", "http://a", "a:8000"]),
    ("CORS_ORIGINS", ["https://a.example,http://b:3000"], ["*", "a.example", "https://a/", "https://*.a"]),
    ("PORT", ["0", "65535"], ["-1", "65536"]),
    ("METRICS_PORT", ["0", "65535"], ["-1", "65536"]),
    ("LOG_LEVEL", ["debug", "WARNING"], ["loud"]),
    ("LOG_FORMAT", ["json", "console"], ["xml"]),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", ["http://collector:4318"], ["collector:4318", "grpc://c"]),
    ("OTEL_TRACES_SAMPLER_ARG", ["0", "1", "0.25"], ["-0.1", "1.1"]),
    ("MAX_BODY_BYTES", ["1024", "67108864"], ["1023", "67108865"]),
    ("MAX_MESSAGE_LENGTH", ["200", "10000000"], ["199", "10000001"]),
    ("BODY_TIMEOUT_SECONDS", ["0.1", "3600"], ["0", "3601"]),
    ("JOB_DELAY_MAX_SECONDS", ["0", "316224000"], ["-1", "316224001"]),
    ("JOB_PRIORITY_MAX_SECONDS", ["0", "86400"], ["-1", "86401"]),
    ("STREAMS_PER_USER", ["1", "10000"], ["0", "10001"]),
    ("JOB_STEP_RESULT_MAX_BYTES", ["1024", "67108864"], ["1023", "67108865"]),
    ("JOB_STEPS_MAX", ["1", "10000"], ["0", "10001"]),
    ("JOB_STEPS_MAX_BYTES", ["1024", "268435456"], ["1023", "268435457"]),
    ("PREFER_WAIT_MAX_SECONDS", ["0", "300"], ["-1", "301"]),
    ("SUBMIT_RATE_LIMIT", ["0", "1000000"], ["-1", "1000001"]),
    ("SUBMIT_RATE_BURST", ["0", "1000000"], ["-1", "1000001"]),
    ("CHAT_ANSWER_SECONDS", ["0.1", "300"], ["0", "301", "nan"]),
    ("CHAT_STREAM_SECONDS", ["1", "3600"], ["0.9", "3601"]),
    ("CHAT_ANSWER_MAX_CHARACTERS", ["100", "1000000"], ["99", "1000001"]),
    ("CHATS_PER_USER", ["1", "1000"], ["0", "1001"]),
    ("CHATS_AT_ONCE", ["1", "10000"], ["0", "10001"]),
    ("CHAT_RATE_LIMIT", ["0", "1000000"], ["-1", "1000001"]),
    ("CHAT_RATE_BURST", ["0", "1000000"], ["-1", "1000001"]),
    ("CHAT_HISTORY_MAX_MESSAGES", ["2", "1000"], ["1", "1001"]),
    ("CHAT_HISTORY_MAX_BYTES", ["1024", "1048576"], ["1023", "1048577"]),
    ("CHAT_HISTORY_SECONDS", ["60", "31622400"], ["59", "31622401", "60.5"]),
    ("CHAT_SESSIONS_PER_USER", ["1", "100000"], ["0", "100001"]),
    ("JOB_DURABILITY", ["standard", "fsync"], ["always"]),
    ("AGENT_MODEL", ["openai:gpt-5", "anthropic:claude"], ["gpt-5", "openai:", "OpenAI x"]),
    ("AGENT_MODEL_TIMEOUT_SECONDS", ["1", "3600"], ["0.9", "3601", "nan"]),
    ("AGENT_MODEL_ATTEMPTS", ["1", "20"], ["0", "21", "1.5"]),
    ("AGENT_MODEL_CALLS_MAX", ["1", "10000"], ["0", "10001"]),
    ("AGENT_MODEL_TOKENS_MAX", ["1000", "1000000000"], ["999", "1000000001"]),
    ("AGENT_WALL_SECONDS", ["1", "86400"], ["0.9", "86401", "nan"]),
    ("OPENAI_BASE_URL", ["http://127.0.0.1:11434/v1"], ["ftp://x", "ollama"]),
    ("ANTHROPIC_BASE_URL", ["https://models.example"], ["models.example"]),
    ("AGENT_CLONE_MAX_BYTES", ["1048576"], ["1048575"]),
    ("AGENT_CLONE_TIMEOUT_SECONDS", ["1", "86400"], ["0.9", "86401"]),
    ("AGENT_EDIT_FILE_MAX_BYTES", ["1024", "67108864"], ["1023", "67108865"]),
    ("AGENT_EDIT_FILES_MAX", ["1", "10000"], ["0", "10001", "1.5"]),
    ("AGENT_EDIT_TURN_MAX_BYTES", ["1024", "67108864"], ["1023", "67108865"]),
    ("AGENT_EDIT_TURN_READS_MAX", ["1", "10000"], ["0", "10001", "1.5"]),
    ("AGENT_EDIT_ANSWER_MAX_CHARS", ["1000", "10000000"], ["999", "10000001"]),
    ("AGENT_EDIT_SEARCH_SECONDS", ["0.1", "600"], ["0.09", "601", "nan"]),
    ("AGENT_EDIT_DIFF_MAX_BYTES", ["1024", "16777216"], ["1023", "16777217"]),
    ("GITHUB_API_URL", ["http://127.0.0.1:3000/api/v3"], ["ftp://x", "https://"]),
    ("GITHUB_SERVER_URL", ["https://git.example"], ["git.example"]),
    ("WORKER_CONCURRENCY", ["1", "1000"], ["0", "1001"]),
    ("WORKER_IDLE_POLL_SECONDS", ["0", "0.05", "3600"], ["-1", "3601"]),
    ("WORKER_LOOP_STALL_SECONDS", ["1", "3600"], ["0.9", "3601"]),
    ("WORKER_GRACE_SECONDS", ["0", "3600"], ["-1", "3601"]),
    ("WORKER_CANCEL_SECONDS", ["0.1", "3600"], ["0", "3601"]),
    ("ENABLE_QUEUE_MONITORING", ["true", "1", "false"], ["maybe"]),
    ("SOCKETS_PER_USER", ["1", "10000"], ["0", "10001"]),
    ("JOINS_PER_SOCKET", ["1", "10000"], ["0", "10001"]),
]


@pytest.mark.parametrize(("variable", "value"), [(name, value) for name, good, _ in EDGES for value in good])
def test_a_value_in_the_range_is_taken(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(load(Everything), variable.lower()) is not None


@pytest.mark.parametrize(("variable", "value"), [(name, value) for name, _, bad in EDGES for value in bad])
def test_a_value_beyond_the_range_is_refused_by_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=rf"^{variable}: "):
        load(Everything)


def test_every_setting_with_a_range_has_its_edges_tested() -> None:
    limited = {name.upper() for name, field in Everything.model_fields.items() if field.metadata}
    unlimited = {"HOST", "METRICS_HOST", "OTEL_SERVICE_NAME", "WORKER_TYPES"}
    assert limited <= {name for name, _, _ in EDGES} | unlimited


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_TYPES", " agent_task, repo_analysis ,")
    monkeypatch.setenv("CORS_ORIGINS", "https://Chat.example.org")
    monkeypatch.setenv("ALLOWED_HOSTS", "Chat.example.org,localhost")
    settings = load(Everything)
    assert settings.worker_types == ("agent_task", "repo_analysis")
    assert settings.cors_origins == ("https://chat.example.org",)
    assert settings.allowed_hosts == ("chat.example.org", "localhost")


@pytest.mark.parametrize("variable", ["REDIS_URL", "METRICS_PORT", "AUTH_JWT_SECRET", "STORE_MAX_BYTES"])
def test_an_empty_variable_counts_as_unset(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unset = load(Everything)
    monkeypatch.setenv(variable, "")
    assert load(Everything) == unset


def test_the_broker_is_the_stores_server_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://store:6379/1")
    assert load(GatewaySettings).broker_url == "redis://store:6379/1"
    monkeypatch.setenv("BROKER_URL", "amqp://rabbit")
    assert load(GatewaySettings).broker_url == "amqp://rabbit"


def test_every_fault_is_named_at_once_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "https://user:hunter2@store")
    monkeypatch.setenv("JOB_ATTEMPTS", "hunter2")
    monkeypatch.setenv("LOG_FORMAT", "hunter2")
    with pytest.raises(ConfigurationError) as caught:
        load(GatewaySettings)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["LOG_FORMAT", "JOB_ATTEMPTS", "REDIS_URL"]
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__  # nor is pydantic's own text in the traceback


def test_jwt_mode_needs_a_signing_key_of_32_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_MODE", "jwt")
    with pytest.raises(ConfigurationError, match=r"^AUTH_JWT_SECRET: is required with AUTH_MODE=jwt$"):
        load(NotifierSettings)
    monkeypatch.setenv("AUTH_JWT_SECRET", KEY[1:])
    with pytest.raises(ConfigurationError, match=r"^AUTH_JWT_SECRET: should have at least 32 bytes$"):
        load(NotifierSettings)
    monkeypatch.setenv("AUTH_JWT_SECRET", KEY)
    assert load(NotifierSettings).auth_mode == "jwt"


@pytest.mark.parametrize("settings", [GatewaySettings, WorkerSettings])
def test_jwt_mode_needs_a_sealing_key(settings: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_MODE", "jwt")
    monkeypatch.setenv("AUTH_JWT_SECRET", KEY)
    with pytest.raises(ConfigurationError, match=r"^SECRETS_KEY: is required with AUTH_MODE=jwt$"):
        load(settings)


def test_printed_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@store")
    monkeypatch.setenv("BROKER_URL", "amqp://user:hunter2@rabbit")
    monkeypatch.setenv("AUTH_JWT_SECRET", "hunter2" * 8)
    monkeypatch.setenv("SECRETS_KEY", "hunter2")
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    settings = load(Everything)
    assert "hunter2" not in repr(settings)
    assert str(tmp_path) in repr(settings)


@pytest.mark.parametrize(("limit", "burst", "limited"), [(120, 60, True), (0, 60, False), (120, 0, False)])
def test_zero_switches_the_rate_limit_off(limit: int, burst: int, limited: bool) -> None:
    settings = GatewaySettings(submit_rate_limit=limit, submit_rate_burst=burst)
    assert settings.submit_rate_limited is limited
