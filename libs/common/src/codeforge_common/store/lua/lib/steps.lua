-- Steps that a job has finished: a later run gets their results instead of running them again.
--
--   job:<id>:steps   hash: name -> place among the steps, the output's bytes when it ended, a blank, the result as JSON

-- The finished steps in the order in which they ended, each as { name, result, output }.
local function steps_of(job)
    if not job[STEPS] then return {} end
    local flat, steps = redis.call('HGETALL', job_key(job[ID], ':steps')), {}
    for i = 1, #flat, 2 do
        local place, output, result = string.match(flat[i + 1], '^(%d+) (%d+) (.*)$')
        steps[tonumber(place)] = { flat[i], result, tonumber(output) }
    end
    return steps
end

-- Keeps a result; the first of a name counts.
local function finish_step(job, name, result)
    local key, done = job_key(job[ID], ':steps'), job[STEPS] or 0
    local value = string.format('%d %d ', done + 1, job[OUTPUT] or 0) .. result
    if redis.call('HSETNX', key, name, value) == 0 then return end
    set(job, STEPS, done + 1)
    set(job, OUTPUT_KEPT, job[OUTPUT])
end

-- Forgets the step of this name and those after it. False: there is no such step.
local function rewind(job, name)
    local steps = steps_of(job)
    for place, step in ipairs(steps) do
        if step[1] == name then
            for later = place, #steps do redis.call('HDEL', job_key(job[ID], ':steps'), steps[later][1]) end
            set(job, STEPS, place > 1 and place - 1)
            set(job, OUTPUT_KEPT, place > 1 and steps[place - 1][3])
            return true
        end
    end
    return false
end
