"""One call to GitHub's API: what it carries, how long it may take, and what an answer that isn't one means."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from codeforge_common.handler import Fail, Retry
from codeforge_common.secrets import Redactor
from codeforge_worker.agent.github.failure import explain_answer
from codeforge_worker.settings import AgentSettings

VERSION = "2022-11-28"
"""Of the API (docs.github.com/rest, API versions)."""

CALL_SECONDS = 60.0
"""For one call with everything that belongs to it; GitHub itself gives up after ten."""

_TIMEOUT = httpx2.Timeout(30, connect=10)
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}")

Answer = TypeVar("Answer")


class Connection:
    """Speaks for one token. ``client`` knows address and headers; ``redactor`` knows the token."""

    def __init__(self, client: httpx2.AsyncClient, *, redactor: Redactor) -> None:
        self._client = client
        self._redactor = redactor

    async def ask(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        label: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        absent: Collection[int] = (),
    ) -> httpx2.Response | None:
        """GitHub's answer; None for one of the statuses ``absent``. ``doing`` and ``label`` are for the sentence.

        :raises Fail: see :func:`codeforge_worker.agent.github.failure.explain_answer`.
        :raises Retry: likewise, and when GitHub can't be reached or takes too long.
        """
        reading = method == "GET"
        try:
            async with asyncio.timeout(CALL_SECONDS):
                # A renamed repository redirects. The client takes the token along to the same server only.
                answer = await self._client.request(method, path, params=params, json=body, follow_redirects=reading)
        except (httpx2.RequestError, TimeoutError) as error:
            # No word of it: it may quote the request.
            raise Retry(reason=f"GitHub can't be reached to {doing} ({type(error).__name__}).") from None
        if answer.status_code in absent:
            return None
        if not answer.is_success:
            raise explain_answer(
                status=answer.status_code,
                headers=answer.headers,
                body=self._redactor.text(answer.text),
                doing=doing,
                label=label,
                reading=reading,
            )
        return answer


@asynccontextmanager
async def connection(*, token: str, settings: AgentSettings) -> AsyncIterator[Connection]:
    """A connection to ``GITHUB_API_URL`` for as long as the block lasts.

    :raises Fail: ``github_token_refused`` for what can't be a token.
    """
    if not _TOKEN.fullmatch(token):
        raise Fail("github_token_refused", "The token (githubContext.token) holds characters that no token has.")
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "User-Agent": "codeforge-jobs",
        "X-GitHub-Api-Version": VERSION,
    }
    async with httpx2.AsyncClient(base_url=settings.github_api_url, headers=headers, timeout=_TIMEOUT) as client:
        yield Connection(client, redactor=Redactor([token]))


def read(kind: type[Answer], answer: httpx2.Response, *, doing: str) -> Answer:
    """The answer as ``kind``.

    :raises Retry: when it isn't one, as that of a proxy that speaks in GitHub's place.
    """
    try:
        return TypeAdapter(kind).validate_json(answer.content)
    except ValidationError:
        raise Retry(reason=f"GitHub was asked to {doing}, and its answer can't be read.") from None
