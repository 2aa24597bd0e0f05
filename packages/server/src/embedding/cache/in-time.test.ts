import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { inTime, TooLate } from './in-time.js';

test('an answer, a failure and no answer in time are told apart', async () => {
  await expect(inTime(Promise.resolve(7), 1000)).resolves.toBe(7);
  await expect(inTime(Promise.reject(new Error('no')), 1000)).rejects.toThrow('no');
  await expect(inTime(new Promise(() => undefined), 5)).rejects.toBeInstanceOf(TooLate);
});

const answers = `
const { parentPort, workerData } = require('node:worker_threads');
parentPort.once('message', () => {
  parentPort.postMessage('hello');
  Atomics.store(workerData, 0, 1);
  Atomics.notify(workerData, 0);
});
`;

test('an answer that has come while this process was busy is in time, though nobody has read it', async () => {
  const sent = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(answers, { eval: true, workerData: sent });
  await once(worker, 'online');
  // From here the event loop comes to its timers before it reads.
  await nextTurn();
  const asked = inTime(once(worker, 'message'), 5);
  worker.postMessage('say it');
  Atomics.wait(sent, 0, 0);
  // The answer is there; now the time runs out before the event loop comes to it.
  Atomics.wait(sent, 1, 0, 30);
  await expect(asked).resolves.toEqual(['hello']);
  await worker.terminate();
});
