"""The scripts: put together from ``lua/*.lua``, sent by digest, repeated when an answer was lost.

A script file says in its first comments what goes in and out, whether it is idempotent, whether a full server may
refuse it, and which files of ``lua/lib`` it uses. In front of each stands the same prelude: the words of the enums and
the places of a record's fields (each is spelled once, in Python), the limits, the input and the clock. What libraries
gather while a script runs they write when it has returned (``at_end``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

from codeforge_common.events import UPDATE_LOG_LINES
from codeforge_common.handler.ending import OutcomeKind
from codeforge_common.job import TERMINAL, Status
from codeforge_common.record import PackedRecord
from codeforge_common.store.messages import Limits, Moment, Verdict

HEARTBEAT_MS = 3_000
"""How long a worker's heartbeat and credit are believed (architecture: credit)."""

CRASH_LINE = "Worker lost, waiting for another"
"""The log line of a crash (contract, section 2)."""

_HEADER = re.compile(r"^-- (idempotent|memory|uses): ?(.*)$", re.MULTILINE)
_LUA = files("codeforge_common.store") / "lua"

NAMES = tuple(sorted(entry.name.removesuffix(".lua") for entry in _LUA.iterdir() if entry.name.endswith(".lua")))
"""The names of all scripts."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script ready to be sent. ``idempotent``: it may be sent again when no answer came."""

    name: str
    text: str
    sha: str
    idempotent: bool


def _table(values: Mapping[str, object]) -> str:
    return "{" + ",".join(f"[{json.dumps(name)}]={json.dumps(value)}" for name, value in values.items()) + "}"


_PLACES = (
    f"local {', '.join(PackedRecord._fields).upper()} = "
    f"{', '.join(str(place) for place in range(1, len(PackedRecord._fields) + 1))}"
)


def _prelude(limits: Limits) -> str:
    return f"""
local STATUS = {_table({status.value: status.value for status in Status})}
local TERMINAL = {_table({status.value: True for status in sorted(TERMINAL)})}
local OUTCOME = {_table({kind.value: kind.value for kind in OutcomeKind})}
local VERDICT = {_table({verdict.value: verdict.value for verdict in Verdict})}
local MOMENT = {_table({moment.value: moment.value for moment in Moment})}
local LIMITS = {_table(asdict(limits))}
{_PLACES}
local HEARTBEAT_MS, UPDATE_LOG_LINES, CRASH_LINE = {HEARTBEAT_MS}, {UPDATE_LOG_LINES}, {json.dumps(CRASH_LINE)}
local IN = cmsgpack.unpack(ARGV[1])
local NOW = IN.now
if not NOW then
    local time = redis.call('TIME')
    NOW = time[1] * 1000 + math.floor(time[2] / 1000)
end
local NOW_TEXT = string.format('%d', NOW)
local PREFIX = KEYS[1] .. ':'
local function KEY(family, a, b)
    if b then return PREFIX .. family .. ':' .. a .. ':' .. b end
    if a then return PREFIX .. family .. ':' .. a end
    return PREFIX .. family
end
local at_end = {{}}
"""


@cache
def load(name: str, limits: Limits) -> Script:
    """The script ``name`` with its prelude and libraries. Raises KeyError where a mark is missing in its header."""
    body = (_LUA / f"{name}.lua").read_text()
    marks = dict(_HEADER.findall(body))
    exempt = marks["memory"].startswith("exempt")
    libraries = "\n".join((_LUA / "lib" / f"{library}.lua").read_text() for library in marks["uses"].split())
    text = (
        f"#!lua{' flags=allow-oom' if exempt else ''}\n{_prelude(limits)}{libraries}\n"
        f"local answer = (function()\n{body}\nend)()\n"
        "for _, write in ipairs(at_end) do write() end\nreturn cmsgpack.pack(answer)\n"
    )
    return Script(
        name=name,
        text=text,
        sha=hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
        idempotent=marks["idempotent"].startswith("yes"),
    )
