// Shows jobs, live, over Server-Sent Events. Runs in a browser and in Node.js; needs no library.
//
// `url` is …/api/events (all jobs of the caller) or …/api/jobs/JOB_ID/events (one job); `headers` say who calls. `show`
// and `clear` are called as by watchJobs. Ends with `signal`; throws when the server refuses the call.

export async function followJobs({ url, headers, show, clear, signal }) {
  const seqs = new Map(); // for each job that of the state which was shown last
  let place = {}; // in the event log; nothing is missing up to there

  function take(job) {
    if (job.seq <= (seqs.get(job.jobId) ?? 0)) return;
    seqs.set(job.jobId, job.seq);
    show(job.jobId, job);
  }

  while (!signal.aborted) {
    const answer = await fetch(url, { headers: { ...headers, ...place }, signal }).catch(() => null);
    if (answer?.ok) {
      for await (const { event, data, id } of eventsIn(answer.body)) {
        if (id) place = { "Last-Event-ID": id };
        if (event === "reset") {
          seqs.clear();
          clear();
        }
        if (event === "job:update") take(JSON.parse(data));
      }
    } else if (answer && answer.status < 500) {
      throw new Error(`refused with ${answer.status}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000)); // the connection was lost: come back
  }
}

async function* eventsIn(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const read = () => reader.read().catch(() => ({ done: true })); // a broken connection ends like any other
  let rest = "";
  for (let piece = await read(); !piece.done; piece = await read()) {
    const blocks = (rest + piece.value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      yield Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
    }
  }
}
