-- Progress, stage and log lines of a run. A report that comes again (its number isn't greater) appends nothing.

local function take_report(job, report)
    if report.number <= number_of(job, 'number') then return false end
    set(job, 'number', report.number)
    if report.progress and report.progress > number_of(job, 'progress') then set(job, 'progress', report.progress) end
    if report.stage then set(job, 'stage', report.stage) end
    append_lines(job, report.lines)
    return true
end
