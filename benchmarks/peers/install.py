"""Where the peers live: ``benchmarks/.peers``, a virtual environment or ``node_modules`` each, made when first used."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parent
FOLDER = SCRIPTS.parent / ".peers"

_SERVING = ("fastapi==0.165.0", "uvicorn[standard]==0.54.0")

PYTHON = {
    "celery": ("celery[redis]==5.7.0", *_SERVING),
    "arq": ("arq==0.28.0", *_SERVING),
    "dramatiq": ("dramatiq[redis]==2.2.1",),
    "taskiq": ("taskiq==0.13.0", "taskiq-redis==1.2.4", "uvloop==0.23.0"),
    "rq": ("rq==2.12.0",),
}
"""What goes into each environment. One each, because they don't agree on a version of redis-py."""

NODE = {"bullmq": ("bullmq@6.7.0", "ioredis@6.0.0")}


class NotHere(Exception):
    """Raised when a peer can't be had on this machine; the text says why."""


def home(peer: str) -> Path:
    """The folder of ``peer``, installed. Raises NotHere."""
    folder = FOLDER / peer
    packages = PYTHON.get(peer) or NODE[peer]
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == "\n".join(packages):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"installing {' '.join(packages)} into {folder.relative_to(FOLDER.parent)}", flush=True)
    try:
        if peer in PYTHON:
            _run([sys.executable, "-m", "venv", str(folder)])
            _run(
                [
                    str(folder / "bin" / "python"),
                    *("-m", "pip", "-qq", "--disable-pip-version-check"),
                    "install",
                    *packages,
                ]
            )
        else:
            _run(
                [npm(), "install", "--prefix", str(folder), *("--no-audit", "--no-fund", "--loglevel=error"), *packages]
            )
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHere(f"{peer} couldn't be installed: {error}") from None
    stamp.write_text("\n".join(packages))
    return folder


def python(peer: str) -> str:
    """The interpreter in which ``peer`` is installed. Raises NotHere."""
    return str(home(peer) / "bin" / "python")


def node() -> str:
    """Node. Raises NotHere."""
    return _program("node")


def npm() -> str:
    """Node's installer. Raises NotHere."""
    return _program("npm")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotHere(f"there is no {name} on this machine")
    return found


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
