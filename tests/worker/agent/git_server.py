"""A git server over HTTP on loopback (gitprotocol-http(5), the smart one) that behaves as badly as a test wants."""

from __future__ import annotations

import base64
import gzip
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(kw_only=True)
class GitServer:
    """Serves the repositories below ``root``: ``owner/name.git`` is the folder ``owner/name``.

    ``token``: what it demands as the password of ``x-access-token``. ``status``: what it answers to everything.
    ``location``: where it redirects to. ``silent``: it takes requests and answers nothing. ``stops_after``: bytes of a
    pack after which it goes silent. ``cuts_after``: bytes after which it hangs up.
    """

    root: Path
    token: str | None = None
    status: int | None = None
    location: str | None = None
    silent: bool = False
    stops_after: int | None = None
    cuts_after: int | None = None
    address: str = ""
    authorizations: list[str | None] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def go_silent(self) -> None:
        """Keeps the connection open and says nothing until the server closes."""
        self.waiting.set()
        self.closing.wait()


@contextmanager
def serving(server: GitServer) -> Iterator[GitServer]:
    """The server on a free port, until the block ends."""

    class Handler(_Handler):
        settings = server

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.address = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    settings: GitServer

    def do_GET(self) -> None:
        if self._refused():
            return
        advertisement = self._upload_pack("--http-backend-info-refs")
        body = b"001e# service=git-upload-pack\n0000" + advertisement
        self._answer(200, body, kind="application/x-git-upload-pack-advertisement")

    def do_POST(self) -> None:
        if self._refused():
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self._answer(200, self._upload_pack(body=body), kind="application/x-git-upload-pack-result")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _refused(self) -> bool:
        settings = self.settings
        settings.authorizations.append(self.headers.get("Authorization"))
        if settings.silent:
            settings.go_silent()
            return True
        if settings.status is not None:
            self._answer(settings.status, b"", **({"Location": settings.location} if settings.location else {}))
            return True
        if settings.token is not None and self.headers.get("Authorization") != _basic(settings.token):
            self._answer(401, b"", **{"WWW-Authenticate": 'Basic realm="git"'})
            return True
        if not self._folder().exists():
            self._answer(404, b"Not Found")
            return True
        return False

    def _folder(self) -> Path:
        name = urlsplit(self.path).path.partition(".git/")[0].lstrip("/")
        return self.settings.root / name

    def _upload_pack(self, *options: str, body: bytes = b"") -> bytes:
        command = ["git", "-c", "safe.directory=*", "upload-pack", "--stateless-rpc", *options, str(self._folder())]
        return subprocess.run(command, input=body, capture_output=True, check=True).stdout

    def _answer(self, status: int, body: bytes, *, kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        settings, pack = self.settings, kind.endswith("-result")
        limit = settings.stops_after or settings.cuts_after
        try:
            self.wfile.write(body[:limit] if pack else body)
            if pack and settings.stops_after is not None:
                self.wfile.flush()
                settings.go_silent()
        except OSError:  # git was killed, as the test wants
            pass
        self.close_connection = True


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()
