"""A service for tests: answers HTTP on a port and notes in a file what happens to it.

    python fake_service.py PORT NOTES [--deaf] [--slow] [--broken] [--child]

``--deaf`` ignores SIGTERM, ``--slow`` takes 0.5 s to end, ``--broken`` ends at once with exit code 3,
``--child`` leaves a child in its group.
"""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    port, notes = int(sys.argv[1]), Path(sys.argv[2])

    def note(text: str) -> None:
        with notes.open("a") as file:
            file.write(f"{port} {text}\n")

    def on_term(*_: object) -> None:
        note("asked")
        if "--slow" in sys.argv:
            time.sleep(0.5)
        if "--deaf" not in sys.argv:
            note("ended")
            sys.exit(0)

    signal.signal(signal.SIGTERM, on_term)
    note(f"started {os.getpid()} in session {os.getsid(0)}")
    if "--broken" in sys.argv:
        sys.exit(3)
    if "--child" in sys.argv:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        note(f"child {child.pid}")
    http.server.HTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    main()
