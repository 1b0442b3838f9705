-- The text that runs write for the person.
--
--   job:<id>:output   UTF-8; `output` on the record is its length in bytes, `output_kept` what finished steps wrote

-- The longest start of `text` of at most `room` bytes that doesn't end within a character.
local function fitting(text, room)
    if #text <= room then return text end
    while room > 0 do
        local following = string.byte(text, room + 1)
        if following < 128 or following >= 192 then break end
        room = room - 1
    end
    return string.sub(text, 1, room)
end

local function append_output(job, text)
    if job[OUTPUT_CUT] then return end
    local bytes = job[OUTPUT] or 0
    local fits = fitting(text, math.max(LIMITS.output_max_bytes - bytes, 0))
    if #fits < #text then set(job, OUTPUT_CUT, true) end
    if fits == '' then return end
    redis.call('APPEND', job_key(job[ID], ':output'), fits)
    set(job, OUTPUT, bytes + #fits)
end

-- What was written after the last finished step is written again by the next run.
local function cut_output(job)
    local kept = job[OUTPUT_KEPT] or 0
    if (job[OUTPUT] or 0) == kept then return end
    local key = job_key(job[ID], ':output')
    if kept == 0 then
        redis.call('DEL', key)
    else
        redis.call('SET', key, redis.call('GETRANGE', key, 0, kept - 1))
    end
    set(job, OUTPUT, kept > 0 and kept)
    set(job, OUTPUT_CUT, false)
end
