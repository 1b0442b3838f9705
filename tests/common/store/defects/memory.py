"""Defects of the byte budget."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

MEMORY = (
    Defect(
        "a budget that nobody looks at", "lib/memory.lua", "return used >= TIGHT * budget", "return false", "budget"
    ),
    Defect(
        "new jobs refused too soon",
        "lib/memory.lua",
        "if used >= FULL * budget then",
        "if used >= TIGHT * budget then",
        "budget",
    ),
    Defect(
        "new jobs refused for ever", "lib/memory.lua", "redis.call('DEL', KEY('pressure'))", "local _ = 0", "budget"
    ),
    Defect(
        "the youngest finished goes first",
        "lib/memory.lua",
        "redis.call('ZRANGE', KEY('finished', kind), 0, 0,",
        "redis.call('ZREVRANGE', KEY('finished', kind), 0, 0,",
        "budget",
    ),
    Defect(
        "completed jobs go before older failed ones", "lib/memory.lua", "tonumber(first[2]) < found", "false", "budget"
    ),
    Defect(
        "a server's own limit left out",
        "lib/memory.lua",
        "if most > 0 then budget = math.min(budget, most) end",
        "",
        "budget",
    ),
    Defect(
        "all finished jobs go at once",
        "reap.lua",
        "while look_at_memory() do",
        "local tight = look_at_memory()\nwhile tight do",
        "budget",
    ),
)
