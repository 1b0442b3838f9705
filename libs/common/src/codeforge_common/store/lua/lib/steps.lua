-- Steps that a job has finished: a later run gets their results instead of running them again.
--
--   job:<id>:steps   hash: name -> place among the steps, the output's bytes when it ended, a blank, the result as JSON

-- The finished steps in the order in which they ended, each as { name, result, output }.
local function steps_of(job)
    if not job.field.steps then return {} end
    local flat, steps = redis.call('HGETALL', job_key(job.id, ':steps')), {}
    for i = 1, #flat, 2 do
        local place, output, result = string.match(flat[i + 1], '^(%d+) (%d+) (.*)$')
        steps[tonumber(place)] = { flat[i], result, tonumber(output) }
    end
    return steps
end

-- Keeps a result; the first of a name counts.
local function finish_step(job, name, result)
    local key, done = job_key(job.id, ':steps'), number_of(job, 'steps')
    local value = string.format('%d %d ', done + 1, number_of(job, 'output')) .. result
    if redis.call('HSETNX', key, name, value) == 0 then return end
    set(job, 'steps', done + 1)
    set(job, 'output_kept', number_of(job, 'output'))
end

-- Forgets the step of this name and those after it. False: there is no such step.
local function rewind(job, name)
    local steps = steps_of(job)
    for place, step in ipairs(steps) do
        if step[1] == name then
            for later = place, #steps do redis.call('HDEL', job_key(job.id, ':steps'), steps[later][1]) end
            set(job, 'steps', place > 1 and place - 1 or nil)
            set(job, 'output_kept', place > 1 and steps[place - 1][3] or nil)
            return true
        end
    end
    return false
end
