// When memory is given back.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeapTrimmer } from './heap-trimmer.js';

const mib = 2 ** 20;
let size: number;
let work: number;
/** What was done, in order. */
let done: string[];
/** Ends the trim that is under way. */
let end: () => void;
let trimmer: HeapTrimmer;

/** So many looks at a process that works all the time, or not at all. */
async function looks(count: number, worksMs: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    work += worksMs;
    await vi.advanceTimersByTimeAsync(1000);
  }
}
const busyLooks = (count: number): Promise<void> => looks(count, 500);
const calmLooks = (count: number): Promise<void> => looks(count, 10);

beforeEach(() => {
  vi.useFakeTimers();
  [size, work, done] = [100 * mib, 0, []];
  trimmer = new HeapTrimmer({
    size: () => size,
    work: () => work,
    trim: () => {
      done.push('trim');
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    collect: () => {
      work += 300;
      done.push('collect');
    },
  });
});
afterEach(async () => {
  await trimmer.close();
  vi.useRealTimers();
});

test('nothing is done while the process grows by less than 32 MiB', async () => {
  size += 31 * mib;
  await busyLooks(20);
  expect(done).toEqual([]);
});

test('a process that has grown by 32 MiB is trimmed, once', async () => {
  size += 32 * mib;
  await busyLooks(3);
  expect(done).toEqual(['trim']);
  end();
  await busyLooks(3);
  expect(done).toEqual(['trim']);
});

test('growth counts from the smallest size since the last trim', async () => {
  size -= 40 * mib;
  await busyLooks(1);
  size += 32 * mib;
  await busyLooks(1);
  expect(done).toEqual(['trim']);
  size += 10 * mib;
  end();
  await busyLooks(1);
  size += 31 * mib;
  await busyLooks(1);
  expect(done).toEqual(['trim']);
  size += mib;
  await busyLooks(1);
  expect(done).toEqual(['trim', 'trim']);
  end();
});

test('ten seconds of rest after a growth of 8 MiB: garbage is collected and given back, and once more after ten others', async () => {
  size += 8 * mib;
  await busyLooks(1);
  await calmLooks(9);
  expect(done).toEqual([]);
  await calmLooks(1);
  expect(done).toEqual(['collect', 'trim']);
  end();
  await calmLooks(9);
  expect(done).toHaveLength(2);
  await calmLooks(1);
  expect(done).toEqual(['collect', 'trim', 'collect', 'trim']);
  end();
  await calmLooks(50);
  expect(done).toHaveLength(4);
});

test('whoever asks for something ends the rest', async () => {
  size += 8 * mib;
  await calmLooks(9);
  await busyLooks(1);
  await calmLooks(9);
  expect(done).toEqual([]);
});

test('a process that did not grow rests without being disturbed', async () => {
  size += 7 * mib;
  await calmLooks(30);
  expect(done).toEqual([]);
});

test('a process whose size cannot be read goes on, and is trimmed when it can be read again', async () => {
  let isReadable = true;
  const tooMany = (): never => {
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  };
  await trimmer.close();
  trimmer = new HeapTrimmer({
    size: () => (isReadable ? size : tooMany()),
    work: () => work,
    trim: async () => {
      done.push('trim');
      // Full while it is being trimmed, too.
      isReadable = done.length > 1;
    },
    collect: () => undefined,
  });
  isReadable = false;
  await busyLooks(3);
  isReadable = true;
  size += 32 * mib;
  await busyLooks(1);
  expect(done).toEqual(['trim']);
  await busyLooks(2);
  isReadable = true;
  await busyLooks(1);
  expect(done).toEqual(['trim', 'trim']);
});
