// A server under mixed requests for a long time: does its memory stay level? Exit code 1 when it grows. `--minutes=20`, or `--requests=N`; `--help`.
import { parseArgs } from 'node:util';
import { startServer } from './lib/server.mjs';
import { SoakTraffic } from './lib/soak-traffic.mjs';
import { growth, readMemory, showMemory } from './lib/soak-memory.mjs';

const usage = `npm run soak [-- options]
  --minutes=20     how long
  --requests=N     that many requests instead
  --clients=8      connections that ask at the same time
  --indexes=10     indexes, of every type
  --rows=12000     rows of each
  --readings=20    lines of memory, at equal distances
  --texts=0.05     share of requests that embed a fresh text (the inference processes are not counted)
  --tolerance=5    growth over the last half, in percent of the level, at which the soak fails
  --rest=35        seconds without requests at the end, after which the server has given back what it does not need
  --seed=N         repeats the requests of a run`;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    requests: { type: 'string' },
    clients: { type: 'string', default: '8' },
    indexes: { type: 'string', default: '10' },
    rows: { type: 'string', default: '12000' },
    readings: { type: 'string', default: '20' },
    texts: { type: 'string', default: '0.05' },
    tolerance: { type: 'string', default: '5' },
    rest: { type: 'string', default: '35' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const [minutes, clients, indexes, rows, readings, texts, tolerance, rest, seed] = [
  options.minutes,
  options.clients,
  options.indexes,
  options.rows,
  options.readings,
  options.texts,
  options.tolerance,
  options.rest,
  options.seed,
].map(Number);
const mostRequests = options.requests === undefined ? Infinity : Number(options.requests);

const server = await startServer({ env: { SNAPSHOT_INTERVAL_SECONDS: '60', LOG_LEVEL: 'error' } });
let failed = false;
try {
  const read = () => readMemory(server);
  console.log(`seed ${seed}; ${clients} clients, ${indexes} indexes of ${rows} rows, ${texts * 100}% texts`);
  console.log(showMemory('fresh', await read()));
  const traffic = new SoakTraffic(server.url, { indexes, rows, texts, seed });
  await traffic.fill();
  console.log(showMemory('filled', await read()));

  const began = performance.now();
  const share = () => (mostRequests === Infinity ? (performance.now() - began) / 60_000 / minutes : traffic.requests / mostRequests);
  const running = Promise.all(Array.from({ length: clients }, (_, number) => traffic.run(number, () => share() < 1)));
  const levels = [];
  for (let number = 1; number <= readings; number++) {
    const least = await lowestUntil(() => share() >= number / readings, read);
    levels.push(least);
    console.log(showMemory(`${((performance.now() - began) / 60_000).toFixed(1)} min, ${traffic.requests} requests`, least));
  }
  await running;
  const { percent, level } = growth(levels.slice(Math.floor(readings / 2)).map(({ resident }) => resident));
  failed = percent > tolerance;
  const said = `the last half grew by ${percent.toFixed(1)}% of ${level.toFixed(0)} MB; allowed: ${tolerance}%`;
  console.log(`${failed ? 'NOT LEVEL' : 'level'}: ${said}`);

  await traffic.clear();
  await new Promise((resolve) => setTimeout(resolve, rest * 1000));
  console.log(showMemory('without indexes, at rest', await read()));
} finally {
  await server.stop();
}
process.exitCode = failed ? 1 : 0;

/** Memory goes up and down with garbage: of several readings until `over`, the lowest says how much is kept. */
async function lowestUntil(over, read) {
  let least = await read();
  while (!over()) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const one = await read();
    if (one.resident < least.resident) least = one;
  }
  return least;
}
