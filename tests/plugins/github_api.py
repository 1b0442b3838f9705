"""A fake of GitHub's REST API on loopback, with a git server for the same repositories.

It checks each call against :mod:`tests.plugins.github_shapes`; what is wrong with one stands in ``faults`` and is
answered with 400.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.plugins import github_answers
from tests.plugins.git_server import GitServer, serving_git
from tests.plugins.github_answers import Answer, Call
from tests.plugins.github_shapes import ALWAYS, SHAPES, header_faults, shape_of
from tests.plugins.github_state import GitHubState
from tests.plugins.loopback import Handler, listening


@dataclass(kw_only=True)
class Trouble:
    """What befalls calls whose ``METHOD /path`` matches: another answer, or a hang-up where it is None.

    ``after``: the call is served first, and only its answer gets lost. ``times``: how often; None: always.
    """

    calls: str
    answer: Answer | None = None
    after: bool = False
    times: int | None = None

    def befalls(self, line: str) -> bool:
        """Whether it is this one's turn, which is counted."""
        if self.times == 0 or not re.fullmatch(self.calls, line):
            return False
        self.times = None if self.times is None else self.times - 1
        return True


@dataclass(kw_only=True)
class FakeGitHub:
    """``calls``: what was asked, as ``METHOD /path``. ``troubles``: what is to go wrong."""

    state: GitHubState
    git: GitServer
    api_url: str = ""
    calls: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def environment(self) -> Mapping[str, str]:
        """For a worker that is to take this for GitHub."""
        return {"GITHUB_API_URL": self.api_url, "GITHUB_SERVER_URL": self.git.address}

    def count(self, calls: str) -> int:
        """How many calls match, as ``POST .*/pulls``."""
        with self.lock:
            return sum(re.fullmatch(calls, line) is not None for line in self.calls)

    def fails(
        self,
        status: int,
        message: str = "",
        *,
        calls: str = ".*",
        times: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """From now on calls that match are answered with ``status`` and GitHub's shape of an error."""
        answer = Answer(status=status, content={"message": message, "status": str(status)}, headers=headers or {})
        self.troubles.append(Trouble(calls=calls, answer=answer, times=times))

    def limits(self, *, reset_at: int) -> None:
        """From now on the token's calls are used up, until ``reset_at`` (seconds of the epoch)."""
        headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset_at)}
        self.fails(403, "API rate limit exceeded for user ID 1.", headers=headers)

    def pauses(self, *, seconds: int | None) -> None:
        """From now on a secondary rate limit stands against every call."""
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        self.fails(403, "You have exceeded a secondary rate limit.", headers=headers)

    def loses_answers(self, *, calls: str, times: int = 1) -> None:
        """The next calls that match are served, and their answers get lost on the way."""
        self.troubles.append(Trouble(calls=calls, after=True, times=times))

    def answer(self, call: Call) -> Answer | None:
        """What is answered; None: the connection is closed."""
        line = f"{call.method} {call.path}"
        self.calls.append(line)
        trouble = next((trouble for trouble in self.troubles if trouble.befalls(line)), None)
        if trouble is not None and not trouble.after:
            return trouble.answer
        answer = self._serve(call)
        return answer if trouble is None else trouble.answer

    def _serve(self, call: Call) -> Answer:
        faults = header_faults(call.headers)
        found = shape_of(call.method, call.path)
        if found is None:
            faults.append("no such call")
        else:
            faults += SHAPES[found[0]].faults(query=call.query, body=call.body)
        if faults or found is None:
            self.faults.append(f"{call.method} {call.path}: {', '.join(faults)}")
            return github_answers.error(400, "Problems parsing the request")
        name, parts = found
        answer = github_answers.answer(self.state, call, name=name, parts=parts)
        if answer.status not in SHAPES[name].statuses | ALWAYS:
            self.faults.append(f"the fake answered {answer.status} to {name}, which isn't published")
        return answer


@contextmanager
def serving_github(root: Path) -> Iterator[FakeGitHub]:
    """A GitHub with nothing in it, its repositories below ``root``. At the end no call may have had a fault."""
    root.mkdir(parents=True, exist_ok=True)
    state = GitHubState(root=root)
    with serving_git(GitServer(root=root, door=state.door)) as git:
        github = FakeGitHub(state=state, git=git)

        class Bound(_Handler):
            fake = github

        with listening(Bound) as address:
            github.api_url = address
            yield github
    assert github.faults == []


class _Handler(Handler):
    fake: FakeGitHub

    def serve(self) -> None:
        url = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = Call(
            method=self.command,
            path=unquote(url.path),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(sent) if sent else None,
            api_url=self.fake.api_url,
            server_url=self.fake.git.address,
        )
        with self.fake.lock:
            answer = self.fake.answer(call)
        if answer is not None:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        content = json.dumps(answer.content).encode() if not isinstance(answer.content, bytes) else answer.content
        headers: dict[str, Any] = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": len(content),
            "X-GitHub-Media-Type": "github.v3; format=json",
            **answer.headers,
        }
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)
