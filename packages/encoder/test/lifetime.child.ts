// Opens and drops encoders, and says how many threads and bytes are left. In a process of its own, where nothing else starts threads.
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { bundled, openEncoder } from './models.test-help.js';

const ids = Int32Array.from({ length: 200 }, (_, i) => 1000 + i);
const lengths = Int32Array.of(100, 60, 40);

const threads = (): number => readdirSync('/proc/self/task').length;
const megabytes = (): number => process.memoryUsage.rss() / 1e6;

/** In a function: what it holds is dropped when it ends. Returns the threads meanwhile. */
async function use(...counts: number[]): Promise<number> {
  const encoders = await Promise.all(counts.map((count) => openEncoder(bundled, count)));
  encoders.forEach((encoder) => encoder.run(ids, lengths));
  return threads();
}

/** What is dropped is collected some turns of the event loop later: waited for, five seconds at most. */
async function collected(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) {
    globalThis.gc?.();
    await pause(10);
  }
}

// Node's own helpers begin when files are read.
const before = await use(1, 1, 1, 1, 1);
const started = (await use(1, 2, 3, 8)) - before;
await collected(() => threads() === before);
const left = threads() - before;
const size = megabytes();
for (let round = 0; round < 20; round++) await use(2, 4);
await collected(() => threads() === before && megabytes() - size < 100);
process.stdout.write(JSON.stringify({ started, left, leftAtLast: threads() - before, megabytes: megabytes() - size }));
