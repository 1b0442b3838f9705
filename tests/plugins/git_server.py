"""A real git server over HTTP on loopback: git's own http-backend (git-http-backend(1)) before bare repositories."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tests.plugins.loopback import Handler, listening


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request. ``token``: the password of ``x-access-token``. ``repository``: ``owner/name``. ``writes``: a push."""

    token: str | None
    repository: str
    writes: bool


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What is answered instead. git shows ``said`` as the remote's words. ``location``: where it redirects to."""

    status: int
    said: str = ""
    location: str | None = None


@dataclass(kw_only=True)
class GitServer:
    """Serves ``owner/name.git`` below ``root``. ``door`` says who may not come in.

    ``pushes``: how many were let in. ``authorizations``: the header of each request.
    """

    root: Path
    door: Callable[[Visit], Refusal | None]
    address: str = ""
    pushes: int = 0
    authorizations: list[str | None] = field(default_factory=list)


@contextmanager
def serving_git(server: GitServer) -> Iterator[GitServer]:
    """The server on a free port, until the block ends."""

    class Bound(_Handler):
        settings = server

    with listening(Bound) as address:
        server.address = address
        yield server


def hook(repository: Path, *, refuses: str, said: str) -> None:
    """Makes the bare ``repository`` refuse pushes to references like ``refuses`` (a pattern of sh) with ``said``."""
    script = repository / "hooks" / "pre-receive"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        "#!/bin/sh\nwhile read old new ref; do\n"
        f'  case "$ref" in {refuses}) printf "%s\\n" {shlex.quote(said)} >&2; exit 1;; esac\ndone\n'
    )
    script.chmod(0o755)


class _Handler(Handler):
    settings: GitServer

    def serve(self) -> None:
        settings, url = self.settings, urlsplit(self.path)
        settings.authorizations.append(self.headers.get("Authorization"))
        with tempfile.TemporaryFile() as body:
            self._receive(body)
            repository, _, service = url.path.lstrip("/").partition(".git/")
            writes = "git-receive-pack" in (service, url.query.removeprefix("service="))
            visit = Visit(token=_token(self.headers.get("Authorization")), repository=repository, writes=writes)
            refusal = settings.door(visit)
            if refusal is not None:
                self._refuse(refusal)
                return
            settings.pushes += service == "git-receive-pack"
            self._backend(body, path=url.path, query=url.query)

    def _receive(self, body: IO[bytes]) -> None:
        """Brings in what was sent, in chunks (RFC 9112, 7.1) or not."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body.write(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            body.write(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _backend(self, body: IO[bytes], *, path: str, query: str) -> None:
        size = body.tell()
        body.seek(0)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/dev/null",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self.settings.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "somebody",  # without one it takes no push
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(size),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        command = ["git", "-c", "safe.directory=*", "http-backend"]
        with subprocess.Popen(command, env=environment, stdin=body, stdout=subprocess.PIPE) as backend:
            assert backend.stdout is not None
            headers = [line.decode().rstrip() for line in iter(backend.stdout.readline, b"\r\n")]
            pairs = dict(header.split(": ", 1) for header in headers)
            self.send_response(int(pairs.pop("Status", "200 OK").split()[0]))
            for name, value in pairs.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                shutil.copyfileobj(backend.stdout, self.wfile)
            except OSError:  # git was killed, as the test wants
                backend.kill()

    def _refuse(self, refusal: Refusal) -> None:
        self.send_response(refusal.status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        if refusal.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
        if refusal.location is not None:
            self.send_header("Location", refusal.location)
        self.end_headers()
        self.wfile.write(refusal.said.encode())


def _token(authorization: str | None) -> str | None:
    kind, _, credentials = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if user == "x-access-token" else None
