import { expect, it } from 'vitest';
import { VoisinError } from './errors.js';
import { checkCount, inBatches, type Span, spansOf } from './in-batches.js';

it('splits by count and by weight, and leaves what is too heavy alone', () => {
  expect(spansOf(5, { batchSize: 2 })).toEqual([
    { start: 0, end: 2 },
    { start: 2, end: 4 },
    { start: 4, end: 5 },
  ]);
  const weights = [1, 1, 9, 20, 1];
  expect(spansOf(5, { batchSize: 4, mostWeight: 10, weightOf: (i) => weights[i] ?? 0 })).toEqual([
    { start: 0, end: 2 },
    { start: 2, end: 3 },
    { start: 3, end: 4 },
    { start: 4, end: 5 },
  ]);
  expect(spansOf(0, { batchSize: 2 })).toEqual([]);
});

it('keeps the order of the items, however the answers come', async () => {
  const waiting: { span: Span; answer: (value: number) => void }[] = [];
  const progress: number[] = [];
  const all = inBatches<number>(4, { batchSize: 1, concurrency: 4, onProgress: ({ done }) => progress.push(done) }, (span) => {
    return new Promise((answer) => waiting.push({ span, answer }));
  });
  expect(waiting).toHaveLength(4);
  for (const { span, answer } of waiting.toReversed()) answer(span.start);
  expect(await all).toEqual([0, 1, 2, 3]);
  expect(progress).toEqual([1, 2, 3, 4]);
});

it('has no more requests under way than it may', async () => {
  let underWay = 0;
  let most = 0;
  await inBatches(20, { batchSize: 1, concurrency: 3 }, async () => {
    most = Math.max(most, ++underWay);
    await Promise.resolve();
    underWay--;
  });
  expect(most).toBe(3);
});

it('ends the other requests when one fails, starts no more, and names the place among all items', async () => {
  const started: number[] = [];
  let aborted = false;
  const all = inBatches(9, { batchSize: 3, concurrency: 2 }, async ({ start }, signal) => {
    started.push(start);
    if (start === 3) throw new VoisinError('invalid_argument', 'input[1]: too long', { status: 400, details: { field: 'input[1]' } });
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    aborted = true;
  });
  await expect(all).rejects.toMatchObject({
    code: 'invalid_argument',
    status: 400,
    message: 'input[4]: too long',
    details: { field: 'input[4]' },
  });
  expect(aborted).toBe(true);
  expect(started).toEqual([0, 3]);
});

it('ends all requests when the caller’s signal does', async () => {
  const caller = new AbortController();
  const ended: unknown[] = [];
  const all = inBatches(4, { batchSize: 1, concurrency: 2, signal: caller.signal }, async (_, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    ended.push(signal.reason);
  });
  const reason = new Error('enough');
  caller.abort(reason);
  await expect(all).rejects.toBe(reason);
  expect(ended).toEqual([reason, reason]);
  await expect(inBatches(1, { batchSize: 1, concurrency: 1, signal: caller.signal }, () => Promise.resolve())).rejects.toBe(reason);
});

it('refuses a batch size and a concurrency that come to no end', () => {
  for (const bad of [0, -1, 1.5, Number.NaN, Infinity])
    expect(() => checkCount('batchSize', bad)).toThrow(/batchSize: expected an integer/);
  expect(checkCount('batchSize', 7)).toBe(7);
});
