from __future__ import annotations

import os
from pathlib import Path

import redis

from codeforge_local import lock, valkey
from codeforge_local.keeper import Keeper
from tests.plugins.ports import free_port


async def test_what_was_written_survives_a_stop_and_a_kill(tmp_path: Path) -> None:
    held, port = lock.acquire(tmp_path), free_port()
    try:
        for life, end in enumerate(("stop", "kill", "stop")):
            server = Keeper(valkey.service(state_dir=tmp_path, port=port, lock=held))
            server.start()
            await server.ready.wait()
            with redis.Redis(port=port) as client:
                assert client.incr("lives") == life + 1
            if end == "kill":
                server.kill()
            await server.stop()
    finally:
        os.close(held)


async def test_it_listens_on_loopback_only_and_never_evicts(tmp_path: Path) -> None:
    held, port = lock.acquire(tmp_path), free_port()
    server = Keeper(valkey.service(state_dir=tmp_path, port=port, lock=held))
    server.start()
    try:
        await server.ready.wait()
        with redis.Redis(port=port) as client:
            told = client.config_get("*")
    finally:
        await server.stop()
        os.close(held)

    assert told["bind"] == "127.0.0.1"
    assert told["appendonly"] == "yes"
    assert told["maxmemory-policy"] == "noeviction"
