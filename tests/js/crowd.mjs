// Many sockets of one user, each a connection of its own, as many open pages would be. When all have joined the user's
// room and the session's, one line {"joined": 20} goes to stdout; when each has seen a job completed, one line of JSON
// for each: {"transport": …, "updates": [{jobId, seq, status}, …]}. Code 1: not all of that came in time.
//
//   node crowd.mjs --url http://127.0.0.1:8000 --user ada --session s1
//                  [--transports default|polling|websocket] [--sockets 20] [--seconds 60]
//
// `--transports default` leaves every option of the library alone.

import { parseArgs } from "node:util";
import { io } from "socket.io-client";

const { values: option } = parseArgs({
  options: {
    url: { type: "string" },
    user: { type: "string" },
    session: { type: "string" },
    transports: { type: "string", default: "default" },
    sockets: { type: "string", default: "20" },
    seconds: { type: "string", default: "60" },
  },
});

const settings = option.transports === "default" ? {} : { transports: [option.transports] };

function open() {
  // A second io() for the same address and namespace makes a second connection.
  const socket = io(option.url, settings);
  const client = { socket, updates: [] };
  client.joined = new Promise((resolve) => {
    socket.on("connect", async () => {
      const rooms = [["join:user", option.user], ["join:session", option.session]];
      const answers = await Promise.all(rooms.map(([event, id]) => socket.emitWithAck(event, id)));
      if (answers.every((answer) => answer.ok)) resolve();
      else console.error(JSON.stringify(answers));
    });
  });
  client.completed = new Promise((resolve) => {
    socket.on("job:update", ({ jobId, seq, status }) => {
      client.updates.push({ jobId, seq, status });
      if (status === "completed") resolve();
    });
  });
  for (const event of ["connect_error", "disconnect"]) {
    socket.on(event, (reason) => console.error(event, String(reason)));
  }
  return client;
}

const clients = Array.from({ length: Number(option.sockets) }, open);

setTimeout(() => {
  const missing = clients.filter((client) => client.updates.at(-1)?.status !== "completed").length;
  console.error(`${missing} of ${clients.length} sockets saw no job completed in ${option.seconds} s`);
  process.exit(1);
}, Number(option.seconds) * 1000);

await Promise.all(clients.map((client) => client.joined));
console.log(JSON.stringify({ joined: clients.length }));

await Promise.all(clients.map((client) => client.completed));
for (const { socket, updates } of clients) {
  console.log(JSON.stringify({ transport: socket.io.engine.transport.name, updates }));
}
process.exit(0);
