// Watches jobs the way a web page would: joins rooms, prints each job:update as one line of JSON on stdout, and ends
// with code 0 once a job has come to rest. What else happens goes to stderr, one line of JSON each:
// {"event":"connected","sid":…,"transport":…}, {"event":"joined","room":…,"answer":…},
// {"event":"refused" or "disconnected","reason":…}. Code 1: nothing came to rest in time.
//
//   node watch.mjs --url http://127.0.0.1:8000 --user ada [--session s1] [--since CURSOR]
//                  [--transports default|polling|websocket] [--token JWT | --auth-user ada] [--no-ack]
//                  [--jobs 1] [--seconds 60]
//
// `--transports default` leaves every option of the library alone. After a reconnect it rejoins from the last cursor.

import { parseArgs } from "node:util";
import { io } from "socket.io-client";

const TERMINAL = new Set(["completed", "failed", "cancelled"]);

const { values: option } = parseArgs({
  options: {
    url: { type: "string" },
    user: { type: "string" },
    session: { type: "string" },
    since: { type: "string" },
    transports: { type: "string", default: "default" },
    token: { type: "string" },
    "auth-user": { type: "string" },
    "no-ack": { type: "boolean", default: false },
    jobs: { type: "string", default: "1" },
    seconds: { type: "string", default: "60" },
  },
});

const say = (event, more) => console.error(JSON.stringify({ event, ...more }));

const settings = {};
if (option.transports !== "default") settings.transports = [option.transports];
if (option.token) settings.auth = { token: option.token };
if (option["auth-user"]) settings.auth = { userId: option["auth-user"] };

const socket = io(option.url, settings);
const ended = new Set();
let since = option.since;

function finish(code) {
  clearTimeout(deadline);
  socket.close();
  process.exitCode = code;
}

function join(kind, id) {
  if (!id) return;
  const payload = since === undefined ? id : { [`${kind}Id`]: id, since };
  if (option["no-ack"]) return void socket.emit(`join:${kind}`, payload);
  socket.emit(`join:${kind}`, payload, (answer) => {
    say("joined", { room: `${kind}:${id}`, answer });
    since ??= answer.cursor;
  });
}

socket.on("connect", () => {
  say("connected", { sid: socket.id, transport: socket.io.engine.transport.name });
  join("user", option.user);
  join("session", option.session);
  // Requests are served in their order: when this one is answered, the joins have been.
  if (option["no-ack"]) socket.emit("leave:job", "none", () => say("joined", { room: "all" }));
});
socket.on("connect_error", (error) => say("refused", { reason: error.message, data: error.data }));
socket.on("disconnect", (reason) => {
  if (reason !== "io client disconnect") say("disconnected", { reason }); // not what we did ourselves
});
socket.on("job:update", (update) => {
  console.log(JSON.stringify(update));
  since = update.cursor;
  if (TERMINAL.has(update.status)) ended.add(update.jobId);
  if (ended.size >= Number(option.jobs)) finish(0);
});

const deadline = setTimeout(() => {
  say("timeout", { seconds: Number(option.seconds) });
  finish(1);
}, Number(option.seconds) * 1000);
