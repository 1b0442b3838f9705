// BullMQ: a producer (node bullmq_jobs.cjs COUNT bulk|single).
const fs = require('node:fs');
const { setTimeout: pause } = require('node:timers/promises');
const { Queue } = require('bullmq');

const { hostname: host, port } = new URL(process.env.BENCH_REDIS);
const payload = JSON.parse(process.env.BENCH_PAYLOAD);
const count = Number(process.argv[2]);
const BULK = 1000;
const LOOK_MS = 2; // this and what is printed: as in journal.py
const LOOKS = 15000;

async function produce() {
  const queue = new Queue('bench', { connection: { host, port: Number(port) } });
  if (process.argv[3] === 'bulk') {
    for (let sent = 0; sent < count; sent += BULK) {
      const size = Math.min(BULK, count - sent);
      await queue.addBulk(Array.from({ length: size }, () => ({ name: 'bench', data: payload })));
    }
  } else {
    for (let sent = 0; sent < count; sent += 1) {
      const before = process.hrtime.bigint();
      const job = await queue.add('bench', payload);
      console.log(`${job.id} ${before} ${process.hrtime.bigint()}`);
      await begun(job.id);
    }
  }
  await queue.close();
}

async function begun(id) {
  for (let looks = 0; !fs.readFileSync(process.env.BENCH_FILE, 'utf8').includes(`${id} `); looks += 1) {
    if (looks === LOOKS) throw new Error(`${id} didn't begin`);
    await pause(LOOK_MS);
  }
}

produce();
