-- Steps that a job has finished: a later run gets their results instead of running them again.
--
--   job:<id>:steps     hash: name -> place among the steps, the output's bytes when it ended, a blank, the result as
--                      JSON (nothing: the step is private)
--   job:<id>:private   hash: name -> the sealed result of a private step; it has the lifetime of the job's secret, so
--                      it may be gone while the step still stands among the others

-- The finished steps in the order in which they ended, each as { name, result, output }; of a private one without it.
local function steps_of(job)
    if not job[STEPS] then return {} end
    local flat, steps = redis.call('HGETALL', job_key(job[ID], ':steps')), {}
    for i = 1, #flat, 2 do
        local place, output, result = string.match(flat[i + 1], '^(%d+) (%d+) (.*)$')
        if place then steps[tonumber(place)] = { flat[i], result, tonumber(output) } end
    end
    return steps
end

-- The same for a run: of a private step { name, sealed result, output, true }, the result empty where it is gone.
local function results_of(job)
    local steps = steps_of(job)
    if not job[PRIVATE] then return steps end
    local flat, sealed = redis.call('HGETALL', job_key(job[ID], ':private')), {}
    for i = 1, #flat, 2 do sealed[flat[i]] = flat[i + 1] end
    for _, step in ipairs(steps) do
        if step[2] == '' then step[2], step[4] = sealed[step[1]] or '', true end
    end
    return steps
end

-- Keeps a result; the first of a name counts.
local function finish_step(job, name, result, private)
    local key, done = job_key(job[ID], ':steps'), job[STEPS] or 0
    local value = string.format('%d %d ', done + 1, job[OUTPUT] or 0) .. (private and '' or result)
    if redis.call('HSETNX', key, name, value) == 0 then return end
    if private then
        redis.call('HSET', job_key(job[ID], ':private'), name, result)
        set(job, PRIVATE, true)
    end
    set(job, STEPS, done + 1)
    set(job, OUTPUT_KEPT, job[OUTPUT])
end

-- Forgets the steps from this place on; those before it stay in `steps`.
local function forget_from(job, steps, place)
    local names = {}
    for later = #steps, place, -1 do
        names[#names + 1] = steps[later][1]
        steps[later] = nil
    end
    call_in_parts('HDEL', job_key(job[ID], ':steps'), names)
    if job[PRIVATE] then call_in_parts('HDEL', job_key(job[ID], ':private'), names) end
    set(job, STEPS, place > 1 and place - 1)
    set(job, OUTPUT_KEPT, place > 1 and steps[place - 1][3])
end

-- Forgets the step of this name and those after it. False: there is no such step.
local function rewind(job, name)
    local steps = steps_of(job)
    for place, step in ipairs(steps) do
        if step[1] == name then
            forget_from(job, steps, place)
            return true
        end
    end
    return false
end

-- The results for the next run. A private one that is gone counts as not finished, and so does whatever came after it.
local function recall(job)
    local steps = results_of(job)
    for place, step in ipairs(steps) do
        if step[2] == '' then
            forget_from(job, steps, place)
            break
        end
    end
    return steps
end
