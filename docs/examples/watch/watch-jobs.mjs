// Shows all jobs of one user, live, over Socket.IO. Runs in a browser and in Node.js; needs socket.io-client.
//
// `show(jobId, job)` gets each state of a job that is newer than the one before. `clear()` is called when all that was
// shown is to be dropped; everything is shown anew then.

import { io } from "socket.io-client";

export function watchJobs({ url, userId, token, show, clear }) {
  const socket = io(url, { auth: token ? { token } : { userId } });
  const headers = token ? { Authorization: `Bearer ${token}` } : { "X-User-Id": userId };
  const seqs = new Map(); // for each job that of the state which was shown last
  let since; // the place in the event log; nothing is missing up to there

  function take(jobId, job) {
    if (job.seq <= (seqs.get(jobId) ?? 0)) return;
    seqs.set(jobId, job.seq);
    show(jobId, job);
  }

  async function fetchList() {
    try {
      const answer = await fetch(`${url}/api/jobs/user/${encodeURIComponent(userId)}`, { headers });
      if (!answer.ok) throw new Error(`the list was answered with ${answer.status}`);
      for (const job of (await answer.json()).jobs) take(job.id, job);
    } catch (error) {
      console.warn(error);
      setTimeout(fetchList, 2000);
    }
  }

  socket.on("job:update", (job) => {
    since = job.cursor;
    take(job.jobId, job);
  });

  // Also after each reconnect, which socket.io-client does by itself.
  socket.on("connect", () => {
    const back = since !== undefined;
    socket.emit("join:user", back ? { userId, since } : userId, (answer) => {
      if (!answer.ok) throw new Error(answer.error);
      since = answer.cursor;
      if (back && !answer.reset) return; // what was missed came before this answer
      seqs.clear();
      clear();
      fetchList();
    });
  });

  return () => socket.close();
}
