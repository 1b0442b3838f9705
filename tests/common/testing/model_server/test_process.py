from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from codeforge_common.testing.model_server import ModelServer, model_server
from tests.plugins.waiting import wait_until


def ask(server: ModelServer, message: str) -> Any:
    connection = HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    try:
        body = {"model": server.model, "messages": [{"role": "user", "content": message}]}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Authorization": f"Bearer {server.key}"})
        return json.loads(connection.getresponse().read())["choices"][0]["message"]["content"]
    finally:
        connection.close()


def test_it_tells_who_asked_what_in_order_and_what_they_need_to_know() -> None:
    with model_server([{"text": "1"}, {"text": "2"}]) as server:
        assert [ask(server, "first"), ask(server, "second")] == ["1", "2"]
        seen = server.requests()
        assert [request["body"]["messages"][0]["content"] for request in seen] == ["first", "second"]
        assert {request["status"] for request in seen} == {200}
        assert seen[0]["headers"]["authorization"] == f"Bearer {server.key}"
        assert server.environment == {
            "AGENT_MODEL": "openai:scripted",
            "OPENAI_BASE_URL": f"{server.address}/v1",
            "OPENAI_API_KEY": "scripted-key",
            "ANTHROPIC_BASE_URL": server.address,
            "ANTHROPIC_API_KEY": "scripted-key",
        }


def test_answers_wait_until_a_test_lets_them_go() -> None:
    rules = [{"when": {"message": "held"}, "answer": {"text": "late", "hold": True}}]
    with model_server({"rules": rules, "answers": [{"text": "now"}] * 2}) as server, ThreadPoolExecutor() as pool:
        held = pool.submit(ask, server, "held")
        wait_until(lambda: len(server.requests()) == 1, within=30, what="the held request")
        assert ask(server, "other") == "now"
        server.pause()
        paused = pool.submit(ask, server, "paused")
        wait_until(lambda: len(server.requests()) == 3, within=30, what="the paused request")
        assert [request["status"] for request in server.requests()] == [None, 200, None]
        assert not (held.done() or paused.done())
        server.resume()
        assert (held.result(timeout=30), paused.result(timeout=30)) == ("late", "now")


def test_it_runs_by_hand_and_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('[{"text": "hi"}]')
    program = [sys.executable, "-m", "codeforge_common.testing.model_server", "--script", str(script), "--with-stdin"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert ask(ModelServer(address, model="scripted", key="scripted-key"), "hello") == "hi"
        process.stdin.close()
        assert process.wait(timeout=30) == 0
