-- Progress, stage, log lines and output of a run. A report that comes again (its number isn't greater) appends nothing.

-- Whether anything changed that an update shows.
local function take_report(job, report)
    if report.number <= (job[NUMBER] or 0) then return false end
    set(job, NUMBER, report.number)
    if report.output then append_output(job, report.output) end
    local shown = report.stage ~= nil or report.progress ~= nil or #report.lines > 0
    if report.progress and report.progress > (job[PROGRESS] or 0) then set(job, PROGRESS, report.progress) end
    if report.stage then set(job, STAGE, report.stage) end
    append_lines(job, report.lines)
    return shown
end
