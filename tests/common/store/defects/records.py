"""Defects of how records are read and written: once a call, packed when nothing changes any more."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

_COUNT = "    job[SEQ] = job[SEQ] + 1\n    job[UPDATED_AT] = NOW\n"
_PACK = "    local record, more = save(job), beside(job, result)\n"

RECORDS = (
    Defect("a damaged job that vanishes without a word", "claim.lua", "lost[#lost + 1] = ids[i]", "", "unreadable"),
    Defect("somebody else's record taken for a job's", "lib/record.lua", "job[ID] == id and ", "", "unreadable"),
    Defect("a saved record that isn't written", "lib/log.lua", "save(job), beside", "cmsgpack.pack(job), beside"),
    Defect(
        "a report whose record isn't saved",
        "report.lua",
        "then emit(job) else save(job) end",
        "then emit(job) end",
        "output",
    ),
    Defect("a step whose record isn't saved", "step.lua", "    save(job)\n", "", "steps"),
    Defect("a mended record that isn't saved", "sweep.lua", "    save(job)\n", "", "sweep"),
    Defect(
        "a record packed before it is counted",
        "lib/log.lua",
        _COUNT + _PACK,
        _PACK + _COUNT,
    ),
    Defect(
        "a claim packed before its last change",
        "claim.lua",
        "    move(job, STATUS.active)\n    return run_of(job, emit(job), body, steps)",
        "    local record = emit(job)\n    move(job, STATUS.active)\n    return run_of(job, record, body, steps)",
    ),
    Defect(
        "an end packed before its last change",
        "lib/settle.lua",
        "    set(job, COMPLETED_AT, NOW)\n    emit(job, result)\n",
        "    emit(job, result)\n    set(job, COMPLETED_AT, NOW)\n",
    ),
    Defect(
        "a hand-back packed before its last change",
        "lib/settle.lua",
        "    make_ready(job, job[PLACE])\n    emit(job)\n",
        "    emit(job)\n    make_ready(job, job[PLACE])\n",
    ),
    Defect(
        "a promotion packed before its last change",
        "reap.lua",
        "        make_ready(job, place_of(job))\n        emit(job)\n",
        "        emit(job)\n        make_ready(job, place_of(job))\n",
    ),
    Defect(
        "a retry by hand packed before its last change",
        "retry.lua",
        "make_ready(job, place_of(job))\nemit(job)\n",
        "emit(job)\nmake_ready(job, place_of(job))\n",
        "people",
    ),
    Defect(
        "a record with holes", "lib/record.lua", "    for hole = #job + 1, field - 1 do job[hole] = false end\n", ""
    ),
    Defect(
        "a new job that its own call doesn't know",
        "lib/record.lua",
        "    loaded[id] = { id, ... }\n    return loaded[id]\n",
        "    return { id, ... }\n",
        "create",
    ),
    Defect(
        "a record read again over what the call has changed",
        "lib/record.lua",
        "if loaded[id] == nil then loaded[id]",
        "if true then loaded[id]",
        "large_calls",
    ),
    Defect(
        "records beyond the first part unwritten",
        "lib/record.lua",
        "for from = 1, #pairs_of, MOST_ARGUMENTS do",
        "for from = 1, math.min(#pairs_of, 1) do",
        "large_calls",
    ),
    Defect(
        "records beyond the first part unread",
        "lib/record.lua",
        "for from = 1, #ids, MOST_ARGUMENTS do",
        "for from = 1, math.min(#ids, 1) do",
        "large_calls",
    ),
    Defect(
        "values beyond the first part unwritten",
        "lib/record.lua",
        "for from = 1, #values, MOST_ARGUMENTS do",
        "for from = 1, math.min(#values, 1) do",
        "large_calls",
    ),
)
