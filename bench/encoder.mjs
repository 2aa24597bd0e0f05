// The forward pass of the bundled model: by our encoder, and by onnxruntime-node with the same threads, each in a process of its own, in turns.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { median, printTable } from './lib/table.mjs';

const worker = fileURLToPath(new URL('lib/forward.mjs', import.meta.url));
const turns = 7;
const count = scaled(30, 5);
// Threads that wait for work spin for a while after a run: the other side's cores.
const restMs = 20;

async function start(engine, precision, threads) {
  const child = fork(worker, [engine, precision, String(threads)]);
  const [state] = await once(child, 'message');
  if (state === 'none') {
    child.kill();
    return undefined;
  }
  const times = async (shape) => {
    child.send(shape);
    return (await once(child, 'message'))[0];
  };
  return { times, stop: () => child.kill() };
}

const rows = [];
for (const precision of ['fp32', 'int8']) {
  for (const threads of [1, 2]) {
    const ours = await start('encoder', precision, threads);
    const theirs = await start('onnxruntime', precision, threads);
    if (ours === undefined) console.log(`${precision}: this processor multiplies no bytes, so that ONNX Runtime runs this file`);
    else {
      for (const [texts, tokens] of [
        [1, 7],
        [1, 22],
        [1, 52],
        [1, 256],
        [8, 7],
        [8, 22],
      ]) {
        const sides = { ours: [], theirs: [] };
        for (let turn = -1; turn < turns; turn++) {
          for (const [name, side] of Object.entries({ ours, theirs })) {
            const times = await side.times({ texts, tokens, count });
            if (turn >= 0) sides[name].push(...times);
            await pause(restMs);
          }
        }
        const what = `${precision}, ${threads} thread${threads > 1 ? 's' : ''}, ${texts} x ${tokens} tokens`;
        rows.push(line(what, median(sides.ours), { beside: median(sides.theirs), besideName: 'onnxruntime-node' }));
      }
    }
    ours?.stop();
    theirs.stop();
  }
}
console.log(`token vectors of the bundled model, median of ${turns * count} runs; ${machine()}`);
printTable(head, rows);
