-- Progress, stage, log lines and output of a worker's runs.
-- in:  worker reports[{job, token, number, progress, stage, lines[], output}]
-- out: { verdicts[] }
-- idempotent: yes (each report has a number within its run; the same again appends nothing)
-- memory: counts (progress is what a full server may lose)
-- uses: record log counts ready lease output report

local ids, verdicts = {}, {}
for i, report in ipairs(IN.reports) do ids[i] = report.job end
foresee_jobs(ids)
for i, report in ipairs(IN.reports) do
    local job, holder = load_job(report.job), nil
    verdicts[i], holder = verdict_on(job, IN.worker, report.token)
    if holder then
        if take_report(job, report) then emit(job) else save(job) end
    end
end
return { verdicts = verdicts }
