"""The tools as a model is offered them, and a call of one as it is served: checked, run, answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codeforge_worker.agent.edit.tools import Tools
from codeforge_worker.agent.models import ToolCall, ToolSpec


class _Call(BaseModel):
    """What a call has to look like; ``async run`` serves it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    async def run(self, tools: Tools) -> str:
        """The tool's answer."""
        raise NotImplementedError

    def told(self) -> str | None:
        """What the job's log says of it."""
        return None


class _List(_Call):
    """Lists a folder of the repository: folders end with /, files have their sizes."""

    path: str = Field("", description="The folder, relative to the repository's root; empty is the root.")

    async def run(self, tools: Tools) -> str:
        return await asyncio.to_thread(tools.list, self.path)


class _Read(_Call):
    """Reads a text file. Each line of the answer is its number, a tab and its text."""

    path: str
    first_line: int = Field(1, ge=1)
    last_line: int | None = Field(None, ge=1, description="None: as many lines as fit into an answer.")

    async def run(self, tools: Tools) -> str:
        return await asyncio.to_thread(tools.read, self.path, self.first_line, self.last_line)

    def told(self) -> str:
        return f"Reading {self.path}"


class _Search(_Call):
    """Searches the repository's text files for a text in one line, or for a Python regular expression."""

    text: str
    regex: bool = False
    ignore_case: bool = False
    files: str | None = Field(None, description="A pattern such as src/*.py or *.md; None: all files.")

    async def run(self, tools: Tools) -> str:
        return await tools.search(self.text, regex=self.regex, ignore_case=self.ignore_case, files=self.files)

    def told(self) -> str:
        return f"Searching for {self.text}"


class _Write(_Call):
    """Makes a text file, or gives one that exists this content as a whole."""

    path: str
    content: str

    async def run(self, tools: Tools) -> str:
        return await asyncio.to_thread(tools.write, self.path, self.content)

    def told(self) -> str:
        return f"Writing {self.path}"


class _Replace(_Call):
    """Puts a new text in the place of an old one, which stands in the file exactly ``count`` times."""

    path: str
    old: str = Field(description="The text as it stands in the file, with its blanks and without line numbers.")
    new: str
    count: int = Field(1, ge=1)

    async def run(self, tools: Tools) -> str:
        return await asyncio.to_thread(tools.replace, self.path, self.old, self.new, self.count)

    def told(self) -> str:
        return f"Changing {self.path}"


_CALLS: Mapping[str, type[_Call]] = {
    "list": _List,
    "read": _Read,
    "search": _Search,
    "write": _Write,
    "replace": _Replace,
}

TOOLS = tuple(
    ToolSpec(name=name, description=call.__doc__ or "", parameters=call.model_json_schema())
    for name, call in _CALLS.items()
)
"""What a model is offered. No tool runs a program, reaches the network or knows the token."""


def understood(call: ToolCall) -> _Call | str:
    """The call as it is served, or an answer that tells the model what is wrong with it."""
    wanted = _CALLS.get(call.name)
    if wanted is None:
        return f"Refused: there is no tool {call.name[:100]}; there are {', '.join(_CALLS)}."
    if call.arguments is None:
        return "Refused: the arguments are no JSON object. Send the call again."
    try:
        return wanted.model_validate(call.arguments)
    except ValidationError as error:
        return f"Refused: {_faults(error)}. Send the call again."


def _faults(error: ValidationError) -> str:
    faults: list[Any] = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:5])
