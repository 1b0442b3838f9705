"""Which of the worker's environment variables the programs that it starts get: all but the platform's own secrets.

A handler's code isn't to be trusted with the keys to everybody's jobs, and what it starts even less. Variables that are
the handlers' own pass, whatever they hold: only their owner knows what they are for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from codeforge_common.settings import IdentitySettings
from codeforge_worker.settings import WorkerSettings

_SETTINGS = WorkerSettings.model_fields | IdentitySettings.model_fields

PROVIDERS = frozenset({"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OTEL_EXPORTER_OTLP_HEADERS"})
"""Secrets of the platform that no setting of ours names: libraries read them."""


def _is_secret(field: FieldInfo) -> bool:
    """Keys, and the addresses that are kept out of logs because a password stands in them (``repr=False``)."""
    return SecretStr in (field.annotation, *get_args(field.annotation)) or not field.repr


SECRETS = PROVIDERS | {name.upper() for name, field in _SETTINGS.items() if _is_secret(field)}
"""Variables that never leave the worker."""


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """What of ``environment`` may be passed on. Names count in any case, as settings are read in any."""
    return {name: value for name, value in environment.items() if not _is_kept_back(name.upper(), value)}


def _is_kept_back(name: str, value: str) -> bool:
    return name in SECRETS or (name.lower() in _SETTINGS and _has_credentials(value))


def _has_credentials(value: str) -> bool:
    """Whether it is an address with a user or a password in it."""
    try:
        return "@" in urlsplit(value).netloc
    except ValueError:  # no address at all
        return False
