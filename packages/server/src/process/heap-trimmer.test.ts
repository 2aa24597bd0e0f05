// When memory is given back.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeapTrimmer } from './heap-trimmer.js';

const mib = 2 ** 20;
let size: number;
let trims: number;
/** Ends the trim that is under way. */
let end: () => void;
let trimmer: HeapTrimmer;

const looks = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000);

beforeEach(() => {
  vi.useFakeTimers();
  size = 100 * mib;
  trims = 0;
  const trim = (): Promise<void> => {
    trims++;
    return new Promise((resolve) => {
      end = resolve;
    });
  };
  trimmer = new HeapTrimmer({ size: () => size, trim });
});
afterEach(async () => {
  await trimmer.close();
  vi.useRealTimers();
});

test('nothing is done while the process grows by less than 32 MiB', async () => {
  size += 31 * mib;
  await looks(5);
  expect(trims).toBe(0);
});

test('a process that has grown by 32 MiB is trimmed, once', async () => {
  size += 32 * mib;
  await looks(3);
  expect(trims).toBe(1);
  end();
  await looks(3);
  expect(trims).toBe(1);
});

test('growth counts from the smallest size since the last trim', async () => {
  size -= 40 * mib;
  await looks(1);
  size += 32 * mib;
  await looks(1);
  expect(trims).toBe(1);
  size += 10 * mib;
  end();
  await looks(1);
  size += 31 * mib;
  await looks(1);
  expect(trims).toBe(1);
  size += mib;
  await looks(1);
  expect(trims).toBe(2);
  end();
});
