"""The HTTP server: demands the key, notes each request, and sends what the script has."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from codeforge_common.testing.model_server import chat_completions, messages
from codeforge_common.testing.model_server.gate import Gate
from codeforge_common.testing.model_server.question import from_chat_completions, from_messages
from codeforge_common.testing.model_server.reply import reply_to
from codeforge_common.testing.model_server.script import Script

_CHAT = "/v1/chat/completions"
_MESSAGES = "/v1/messages"


class Server(ThreadingHTTPServer):
    """One thread for each connection; all end with the process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Script, *, host: str, port: int) -> None:
        self.script = script
        self.gate = Gate()
        self.seen: list[dict[str, Any]] = []
        self.numbers = count(1)
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    _noted: dict[str, Any] | None = None
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/requests":
            self._json(HTTPStatus.OK, self.server.seen)
        elif not self._authorised():
            self._json(HTTPStatus.UNAUTHORIZED, self._error(401, _WRONG_KEY))
        elif self.path == "/v1/models":
            model = {"id": self.server.script.model, "object": "model", "created": 0, "owned_by": "script"}
            self._json(HTTPStatus.OK, {"object": "list", "data": [model]})
        else:
            self._json(HTTPStatus.NOT_FOUND, self._error(404, {"message": "There is no such address."}))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path in ("/pause", "/resume"):
            getattr(self.server.gate, self.path[1:])()
            self._json(HTTPStatus.OK, {})
        elif self.path not in (_CHAT, _MESSAGES):
            self._json(HTTPStatus.NOT_FOUND, self._error(404, {"message": "There is no such address."}))
        else:
            try:
                self._ask(json.loads(content))
            except OSError:
                self._leave()

    def _ask(self, body: Mapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        noted = {"path": self.path, "headers": headers, "body": body, "status": None, "gone": False}
        self._noted = noted
        self.server.seen.append(noted)
        if not self._authorised():
            return self._fail(401, _WRONG_KEY)
        question = from_chat_completions(body) if self.path == _CHAT else from_messages(body)
        if question.model != self.server.script.model:
            said = {"message": f"The model `{question.model}` does not exist.", "code": "model_not_found"}
            return self._fail(404, said)
        answer = self.server.script.answer(question)
        self.server.gate.wait(held=bool(answer.get("hold")))
        if answer.get("hang") == 0:
            return self._hang()
        if "status" in answer:
            return self._fail(answer["status"], answer.get("error", {}), answer.get("headers", {}))
        if "body" in answer:
            return self._whole(answer["body"].encode(), cut=False)
        try:
            reply = reply_to(question, answer=answer, number=next(self.server.numbers))
        except ValueError as error:
            return self._fail(400, {"message": str(error)})
        chat = self.path == _CHAT
        if not question.stream:
            said = chat_completions.completion(reply) if chat else messages.message(reply)
            return self._whole(json.dumps(said).encode(), cut="cut" in answer)
        told = chat_completions.events(reply, include_usage=question.include_usage) if chat else messages.events(reply)
        return self._stream(told, answer=answer)

    def _stream(self, events: Iterable[str], *, answer: Mapping[str, Any]) -> None:
        self._begin(HTTPStatus.OK, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        for sent, event in enumerate(events):
            if sent == answer.get("hang"):
                return self._hang()
            if sent == answer.get("cut"):
                self.close_connection = True
                return None
            if sent == answer.get("ends"):
                break
            if sent:
                time.sleep(answer.get("pause", 0))
            data = event.encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _hang(self) -> None:
        self.rfile.read(1)  # comes back when the client goes away
        self._leave()

    def _leave(self) -> None:
        self.close_connection = True
        if self._noted is not None:
            self._noted["gone"] = True

    def _whole(self, content: bytes, *, cut: bool) -> None:
        self._begin(HTTPStatus.OK, {"Content-Type": "application/json", "Content-Length": str(len(content))})
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection |= cut

    def _fail(self, status: int, said: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._json(status, self._error(status, said), headers or {})

    def _error(self, status: int, said: Mapping[str, Any]) -> dict[str, Any]:
        return messages.error(status, said) if self.path == _MESSAGES else chat_completions.error(status, said)

    def _json(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        about = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        self._begin(status, {**about, **(headers or {})})
        self.wfile.write(content)

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        if self._noted is not None:
            self._noted["status"] = int(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _authorised(self) -> bool:
        key = self.server.script.key
        shown = {self.headers.get("x-api-key"), self.headers.get("Authorization", "").removeprefix("Bearer ")}
        return key is None or key in shown

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the requests can be asked for."""


_WRONG_KEY = {"message": "Incorrect API key provided.", "code": "invalid_api_key"}
