"""Defects of steps and output."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

STEPS = (
    Defect("a step of whoever says so", "step.lua", "if holder then", "if job then", "steps"),
    Defect(
        "the last result of a step",
        "lib/steps.lua",
        "if redis.call('HSETNX', key, name, value) == 0 then return end",
        "redis.call('HSET', key, name, value)",
        "steps",
    ),
    Defect(
        "steps that a run doesn't get",
        "claim.lua",
        "run[4] = steps or {}",
        "run[4] = {}",
        "steps",
    ),
    Defect(
        "steps in any order",
        "lib/steps.lua",
        "done + 1, job[OUTPUT] or 0",
        "1, job[OUTPUT] or 0",
        "steps",
    ),
    Defect(
        "later steps that survive a rewind",
        "lib/steps.lua",
        "for later = #steps, place, -1 do",
        "for later = place, place do",
        "steps",
    ),
    Defect(
        "a rewind that keeps its own step",
        "lib/steps.lua",
        "for later = #steps, place, -1 do",
        "for later = #steps, place + 1, -1 do",
        "steps",
    ),
    Defect(
        "a rewind that counts all steps",
        "lib/steps.lua",
        "    set(job, STEPS, place > 1 and place - 1)\n",
        "",
        "steps",
    ),
    Defect(
        "an unknown step that isn't refused",
        "retry.lua",
        "if IN.step and not rewind(job, IN.step) then",
        "if IN.step and not rewind(job, IN.step) and false then",
        "steps",
    ),
    Defect("output that a new run keeps", "claim.lua", "    cut_output(job)\n", "", "steps"),
    Defect(
        "output of finished steps that is lost",
        "lib/steps.lua",
        "    set(job, OUTPUT_KEPT, job[OUTPUT])\n",
        "",
        "steps",
    ),
    Defect(
        "output not cut back by a rewind",
        "lib/steps.lua",
        "set(job, OUTPUT_KEPT, place > 1 and steps[place - 1][3])",
        "",
        "steps",
    ),
)

PRIVATE = (
    Defect(
        "private results that a completion leaves",
        "lib/settle.lua",
        "[':secret'] = SEALED, [':private'] = PRIVATE }",
        "[':secret'] = SEALED }",
        "private_steps",
    ),
    Defect(
        "private results that a retry leaves to die",
        "retry.lua",
        "keep_secrets(job)\n",
        "redis.call('PERSIST', secret)\n",
        "private_steps",
    ),
    Defect(
        "later steps that survive a lost one",
        "claim.lua",
        "local steps = job[STEPS] and recall(job)",
        "local steps = job[STEPS] and results_of(job)",
        "private_steps",
    ),
    Defect(
        "private results that outlive their step",
        "lib/steps.lua",
        "    if job[PRIVATE] then call_in_parts('HDEL', job_key(job[ID], ':private'), names) end\n",
        "",
        "private_steps",
    ),
    Defect(
        "a private result of a step that was finished before",
        "lib/steps.lua",
        "if redis.call('HSETNX', key, name, value) == 0 then return end\n    if private then\n",
        "redis.call('HSETNX', key, name, value)\n    if private then\n",
        "private_steps",
    ),
    Defect(
        "steps that whoever says so forgets", "forget.lua", "if holder and rewind", "if job and rewind", "private_steps"
    ),
    Defect("output of forgotten steps that stays", "forget.lua", "    cut_output(job)\n", "", "private_steps"),
)

OUTPUT = (
    Defect(
        "a report taken twice",
        "lib/report.lua",
        "if report.number <= (job[NUMBER] or 0) then return false end",
        "",
        "output",
    ),
    Defect(
        "an output that is no text",
        "lib/output.lua",
        "if following < 128 or following >= 192 then break end",
        "if true then break end",
        "output",
    ),
    Defect(
        "an output one byte too long",
        "lib/output.lua",
        "LIMITS.output_max_bytes - bytes, 0)",
        "LIMITS.output_max_bytes - bytes + 1, 0)",
        "output",
    ),
    Defect(
        "output after a cut", "lib/output.lua", "if #fits < #text then set(job, OUTPUT_CUT, true) end", "", "output"
    ),
    Defect("a cut that outlives its run", "lib/output.lua", "    set(job, OUTPUT_CUT, false)\n", "", "output"),
    Defect(
        "a part that begins within a character", "output.lua", "#string.match(text, '^[\\128-\\191]*')", "0", "output"
    ),
    Defect(
        "a part that ends within a character",
        "output.lua",
        "text = fitting(text, MOST)",
        "text = string.sub(text, 1, MOST)",
        "output",
    ),
    Defect("an output that is complete too soon", "output.lua", "TERMINAL[job[STATE]] == true and ", "", "output"),
    Defect("another user's output", "output.lua", "if not may_see(job, IN.caller)", "if not job", "output"),
)
