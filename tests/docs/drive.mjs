// Runs an example of docs/examples/watch as a page would: prints a line of JSON for each call of `show` and `clear`.
//
//   node drive.mjs watch-jobs.mjs|follow-jobs.mjs URL USER

import { resolve } from "node:path";

const [example, url, user] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const show = (jobId, { seq, status, title }) => say({ jobId, seq, status, title });
const clear = () => say("clear");

const { watchJobs, followJobs } = await import(resolve(example));
if (watchJobs) watchJobs({ url, userId: user, show, clear });
else {
  const headers = { "X-User-Id": user };
  await followJobs({ url: `${url}/api/events`, headers, show, clear, signal: new AbortController().signal });
}
