// BullMQ: a worker of a no-op job, with its default settings and BENCH_SLOTS jobs at the same time.
const fs = require('node:fs');
const { Worker } = require('bullmq');

const { hostname: host, port } = new URL(process.env.BENCH_REDIS);
const file = process.env.BENCH_FILE;

const worker = new Worker(
  'bench',
  async (job) => {
    if (file) fs.appendFileSync(file, `${job.id} ${process.hrtime.bigint()}\n`);
  },
  { connection: { host, port: Number(port) }, concurrency: Number(process.env.BENCH_SLOTS) },
);
worker.on('error', (error) => console.error(error.message));
process.on('SIGTERM', () => worker.close(true).then(() => process.exit(0)));
