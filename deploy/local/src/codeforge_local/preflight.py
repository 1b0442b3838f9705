"""What must hold before anything is started; each fault is a sentence that says what to do."""

from __future__ import annotations

import shutil

from codeforge_common.errors import ConfigurationError
from codeforge_local.ports import is_free
from codeforge_local.settings import LocalSettings


def check(settings: LocalSettings) -> None:
    """Raises ConfigurationError for the first thing that is missing or taken."""
    if shutil.which("git") is None:
        raise ConfigurationError(
            "git was not found on PATH. Jobs clone repositories with it: install git and try again."
        )
    if settings.port and not is_free(settings.host, settings.port):
        raise ConfigurationError(
            f"Port {settings.port} is in use. Stop what listens there, or take another: "
            f"PORT={settings.port + 1} make run"
        )
    if settings.embedded and settings.valkey_port and not is_free("127.0.0.1", settings.valkey_port):
        raise ConfigurationError(f"Port {settings.valkey_port} is in use. Set VALKEY_PORT to another, or to 0.")
