"""The git program as the agent runs it: with a configuration of its own, nothing of the machine's and no prompt."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path

CONFIGURATION = Path(__file__).with_name("git.config")

_INHERITED = (
    "PATH",
    "TMPDIR",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)


def environment(*, protocol: str | None = None) -> Mapping[str, str]:
    """The environment for a git command that may speak ``protocol`` and no other; None is for commands without any.

    Made from nothing, so that no variable of the worker reaches git: neither its secrets nor ``GIT_TRACE``.
    """
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "LC_ALL": "C",  # messages are read by a program
        "HOME": "/dev/null",  # no ~/.netrc, no ~/.config/git
        "GIT_CONFIG_GLOBAL": str(CONFIGURATION),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": protocol or "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }


def authorization(token: str, *, server: str) -> Mapping[str, str]:
    """Variables that make git send ``token`` to ``server`` (an address without a path), and only there.

    In the environment, because an argument is seen by every user of the machine and a file may be left behind. GitHub
    takes a token as the password of ``x-access-token``, for classic tokens as well as for those of an app.
    """
    credentials = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"http.{server}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
        # git would send the header to wherever it is redirected, too.
        "GIT_CONFIG_KEY_1": "http.followRedirects",
        "GIT_CONFIG_VALUE_1": "false",
    }
