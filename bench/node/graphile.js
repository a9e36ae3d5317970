// graphile-worker with its local queue and batched completion, which is its fastest way: node graphile.js MODE N WORKERS
const { Pool } = require("pg");
const { Logger, makeWorkerUtils, run } = require("graphile-worker");

const [mode, n, workers] = [process.argv[2], +process.argv[3], +process.argv[4]];
const connectionString = process.env.DATABASE_URL;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => Number(process.hrtime.bigint()) / 1e6;

let count = 0;
let goal = Infinity;
let lastAt = 0;
let reached;
const expect = (many) => {
  [count, goal] = [0, many];
  return new Promise((resolve) => (reached = resolve));
};
const noop = async () => {
  lastAt = now();
  if (++count >= goal) reached();
};

async function main() {
  const pool = new Pool({ connectionString });
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  const figures = { system: "graphile-worker 0.17.3", mode, n, workers };
  if (mode === "drain") {
    const began = now();
    for (let first = 0; first < n; first += 1000) {
      await utils.addJobs(Array.from({ length: Math.min(1000, n - first) }, () => ({ identifier: "noop", payload: {} })));
    }
    figures.insert_per_s = Math.round((n / (now() - began)) * 1000);
  }
  await pool.query("VACUUM ANALYZE");
  await pool.query("CHECKPOINT");
  const preset = {
    worker: {
      connectionString,
      concurrentJobs: workers,
      maxPoolSize: 20,
      localQueue: { size: Math.max(500, workers + 1) },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  };
  const all = expect(n);
  const [began, cpu] = [now(), process.cpuUsage()];
  const logger = new Logger(() => () => {});
  const runner = await run({ preset, taskList: { noop }, logger, noHandleSignals: true });
  if (mode === "drain") {
    await all;
    const left = async () => +(await pool.query("SELECT count(*) FROM graphile_worker._private_jobs")).rows[0].count;
    while (await left()) await pause(5);
    const took = now() - began;
    const used = process.cpuUsage(cpu);
    figures.settled_per_s = Math.round((n / took) * 1000);
    figures.client_cpus = +((used.user + used.system) / 1000 / took).toFixed(2);
  } else {
    await pause(2000);
    const waits = [];
    for (let sample = 0; sample < n; sample++) {
      const started = expect(1);
      const asked = now();
      await utils.addJob("noop", {});
      await started;
      waits.push(lastAt - asked);
      await pause(10);
    }
    waits.sort((a, b) => a - b);
    for (const p of [50, 95, 99]) figures[`lat_p${p}_ms`] = +waits[Math.ceil((n * p) / 100) - 1].toFixed(3);
  }
  console.log(JSON.stringify(figures));
  await runner.stop();
  await utils.release();
  await pool.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
