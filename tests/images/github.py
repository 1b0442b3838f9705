"""Serves the repositories of a folder over git's smart HTTP, by the CGI program that comes with git.

Whatever belongs to ``private`` is served only to who knows ``TEST_TOKEN``, asked for as GitHub asks for it.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

REPOSITORIES = Path("/srv/repositories")
BACKEND = Path("/usr/lib/git-core/git-http-backend")
CREDENTIALS = "Basic " + base64.b64encode(f"x-access-token:{os.environ['TEST_TOKEN']}".encode()).decode()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Runs the CGI program (RFC 3875) for one request."""
    if environ["PATH_INFO"].startswith("/private/") and environ.get("HTTP_AUTHORIZATION") != CREDENTIALS:
        start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="GitHub"')])
        return []
    variables = {key: value for key, value in environ.items() if isinstance(value, str)} | {
        "GIT_PROJECT_ROOT": str(REPOSITORIES),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": environ.get("HTTP_GIT_PROTOCOL", ""),
        # The folder is the host's; git would refuse what belongs to another user.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "PATH_INFO": _repository_path(environ["PATH_INFO"]),
        "PATH": os.environ["PATH"],
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = subprocess.run([BACKEND], input=body, stdout=subprocess.PIPE, env=variables, check=True).stdout
    head, _, content = answer.partition(b"\r\n\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in head.decode().splitlines())]
    status = dict(headers).get("Status", "200 OK")
    start_response(status, [header for header in headers if header[0] != "Status"])
    return [content]


def _repository_path(path: str) -> str:
    # As on GitHub, a repository answers with and without `.git` at the end of its name.
    owner, name, *rest = path.lstrip("/").split("/")
    return "/".join(["", owner, name.removesuffix(".git") + ".git", *rest])


if __name__ == "__main__":
    with make_server("0.0.0.0", 8080, application) as server:
        sys.stdout.write("ready\n")
        server.serve_forever()
