"""The wiring of `make run`."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

from codeforge_common.errors import CodeForgeError
from codeforge_common.secrets import KeyRing
from codeforge_common.settings import load
from codeforge_local import lock, preflight, probe_sockets, services, valkey
from codeforge_local.console import complain, say
from codeforge_local.ports import free_port
from codeforge_local.settings import LocalSettings
from codeforge_local.supervisor import Supervisor


def main() -> int:
    """Runs the system until Ctrl-C or SIGTERM. The exit code: 0, or 1 when it couldn't be started."""
    try:
        settings = load(LocalSettings)
        held = lock.acquire(settings.state_dir)
        preflight.check(settings)
        # Made before the services start, so that both find the same one.
        KeyRing.from_settings(settings)
        # Opened before a port is chosen for anything else: what the kernel gives out then is another.
        with probe_sockets.for_edge(settings) as edge, probe_sockets.for_worker(settings) as worker:
            asyncio.run(_run(settings, lock_descriptor=held, edge_probes=edge, worker_probes=worker))
    except CodeForgeError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(
    settings: LocalSettings, *, lock_descriptor: int, edge_probes: socket.socket, worker_probes: socket.socket
) -> None:
    server, redis_url = None, settings.redis_url
    if settings.embedded:
        port = settings.valkey_port or free_port(valkey.HOST)
        server = valkey.service(state_dir=settings.state_dir.absolute(), port=port, lock=lock_descriptor)
        redis_url = f"redis://{valkey.HOST}:{port}"
    else:
        say("store", f"at {urlsplit(redis_url).netloc.rpartition('@')[2]} (REDIS_URL)")
    base = services.environment(settings, redis_url=redis_url)
    edge = services.edge(settings, base, probes=edge_probes)
    worker = services.worker(base, probes=worker_probes)
    await Supervisor(server=server, services=(edge, worker)).run()
