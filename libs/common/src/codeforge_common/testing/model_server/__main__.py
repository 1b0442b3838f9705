"""Runs the fake provider in the foreground: prints its address, and ends with SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from threading import Thread

from codeforge_common.testing.model_server.script import Script
from codeforge_common.testing.model_server.server import Server


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(prog="model_server", description=__doc__)
    parser.add_argument("--script", type=Path, required=True, help="a file with the script, as JSON")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--with-stdin", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    script = Script(json.loads(options.script.read_text(encoding="utf-8")))
    with Server(script, host=options.host, port=options.port) as server:
        sys.stdout.write(f"http://{options.host}:{server.server_address[1]}\n")
        sys.stdout.flush()
        if options.with_stdin:
            Thread(target=_end_with_stdin, daemon=True).start()
        server.serve_forever()


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # whoever started it is gone


if __name__ == "__main__":
    main()
