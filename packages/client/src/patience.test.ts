import { expect, it, vi } from 'vitest';
import { secondsOf } from './answer-error.js';
import { VoisinError } from './errors.js';
import type { Settled } from './options.js';
import { mendsItself, Patience, waitBefore } from './patience.js';

const refusal = (seconds?: number): VoisinError =>
  new VoisinError('unavailable', 'full', { status: 503, details: seconds === undefined ? {} : { retryAfterSeconds: seconds } });
const options = (own: Partial<Settled> = {}): Settled => ({ timeoutMs: 1000, retries: 3, longestWaitMs: 60_000, ...own });

it('waits as long as the server asks, and a little more so that not all come back at once', () => {
  for (let i = 0; i < 100; i++) {
    const wait = waitBefore(1, refusal(2));
    expect(wait).toBeGreaterThanOrEqual(2000);
    expect(wait).toBeLessThan(2250);
  }
});

it('waits longer each time where the server does not say, up to eight seconds', () => {
  for (const [attempt, most] of [
    [1, 250],
    [2, 500],
    [5, 4000],
    [6, 8000],
    [40, 8000],
  ] as const) {
    const wait = waitBefore(attempt, refusal());
    expect(wait).toBeGreaterThanOrEqual(most / 8);
    expect(wait).toBeLessThanOrEqual(most);
  }
});

it('reads Retry-After as seconds or as a date', () => {
  expect(secondsOf('7')).toBe(7);
  expect(secondsOf('Wed, 21 Oct 2026 07:28:05 GMT', Date.parse('Wed, 21 Oct 2026 07:28:00 GMT'))).toBe(5);
  expect(secondsOf('Wed, 21 Oct 2026 07:28:00 GMT', Date.parse('Wed, 21 Oct 2026 07:29:00 GMT'))).toBe(0);
  expect(secondsOf('soon')).toBeUndefined();
});

it('repeats what the server refused, and what got lost only where twice does no harm', () => {
  const lost = new VoisinError('unavailable', 'no answer');
  const proxy = new VoisinError('unavailable', 'bad gateway', { status: 502 });
  const late = new VoisinError('deadline_exceeded', 'late', { status: 504 });
  const limit = new VoisinError('rate_limited', 'slow down', { status: 429 });
  expect([refusal(), limit].map((error) => mendsItself(error, false))).toEqual([true, true]);
  expect([lost, proxy].map((error) => mendsItself(error, false))).toEqual([false, false]);
  expect([lost, proxy].map((error) => mendsItself(error, true))).toEqual([true, true]);
  expect([late, new VoisinError('invalid_argument', 'k', { status: 400 })].map((error) => mendsItself(error, true))).toEqual([
    false,
    false,
  ]);
});

it('gives up after as many refusals in a row as retries allow', async () => {
  const work = vi.fn<() => Promise<never>>(() => Promise.reject(refusal(0)));
  await expect(new Patience(options({ retries: 2 })).run(work, true)).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  expect(work).toHaveBeenCalledTimes(3);
});

it('does not wait where the wait would be longer than allowed', async () => {
  const waits: number[] = [];
  const patience = new Patience(options({ longestWaitMs: 5000, onRetry: ({ waitMs }) => waits.push(waitMs) }));
  await expect(patience.run(() => Promise.reject(refusal(1_209_600)), true)).rejects.toMatchObject({ code: 'unavailable' });
  expect(waits).toEqual([]);
});

it('hopes anew when another request of the same call succeeds', async () => {
  const patience = new Patience(options({ retries: 1 }));
  let refusals = 0;
  const starved = patience.run(async () => {
    if (++refusals > 4) return 'at last';
    await patience.run(() => Promise.resolve('another'), true);
    throw refusal(0);
  }, true);
  await expect(starved).resolves.toBe('at last');
});

it('does not retry, nor tell of a retry, once its signal is aborted, whatever the reason', async () => {
  const ending = new AbortController();
  const told: unknown[] = [];
  const lost = new VoisinError('unavailable', 'another request of the call failed');
  const work = (): Promise<never> => {
    ending.abort(lost);
    return Promise.reject(lost);
  };
  await expect(new Patience(options({ onRetry: (retry) => told.push(retry) })).run(work, true, ending.signal)).rejects.toBe(lost);
  expect(told).toEqual([]);
});
