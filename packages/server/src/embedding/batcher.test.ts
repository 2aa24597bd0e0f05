// The batcher with a process that the test answers for: when a batch begins, and with whom.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Batcher, type Workers } from './batcher.js';
import type { Priority } from './types.js';

const dimension = 2;

/** One process. `batches`: the lengths of the texts of each batch that it was given. */
class Process implements Workers {
  onChange = (): void => undefined;
  readonly failure = undefined;
  readonly batches: number[][] = [];
  #answer: (() => void) | undefined;

  /** What was last said of the load. */
  isCrowd = false;

  note(isCrowd: boolean): void {
    this.isCrowd = isCrowd;
  }

  idle() {
    return this.#answer ? [] : [{ run: (texts: readonly Int32Array[]) => this.#run(texts) }];
  }

  /** The batch that runs ends; resolves when its callers know. */
  async answer(): Promise<void> {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.();
    await nextTurn();
  }

  #run(texts: readonly Int32Array[]): Promise<Float32Array> {
    this.batches.push(texts.map(({ length }) => length));
    return new Promise((resolve) => {
      this.#answer = () => resolve(new Float32Array(texts.length * dimension));
    });
  }
}

describe('a batcher', () => {
  let process: Process;
  let batcher: Batcher;
  let count = 0;

  /** Texts that come together, told apart in `batches` by their length. */
  const come = async (lengths: readonly number[], priority: Priority = 'query'): Promise<void> => {
    for (const length of lengths) {
      const text = { ids: new Int32Array(length), tokens: length, truncated: false, dropped: 0 };
      void batcher.submit(`${++count}`, priority, () => text).result;
    }
    await nextTurn();
  };

  const start = (unpadded: boolean): void => {
    process = new Process();
    batcher = new Batcher(process, { model: 'm', dimension, batchTokens: 512, unpadded, onInference: () => undefined });
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    start(false);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('begins with what is there when a process is free', async () => {
    await come([5]);
    await come([6, 7]);
    expect(process.batches).toEqual([[5]]);
    await process.answer();
    expect(process.batches).toEqual([[5], [6, 7]]);
  });

  test('lets a lone caller who asks again wait for nobody', async () => {
    await come([5]);
    await process.answer();
    await come([6]);
    expect(process.batches).toEqual([[5], [6]]);
  });

  test('begins when half of a crowd that was answered has come again', async () => {
    await come([5, 6, 7, 8]);
    await process.answer();
    await come([9]);
    expect(process.batches).toEqual([[5, 6, 7, 8]]);
    await come([10]);
    expect(process.batches).toEqual([
      [5, 6, 7, 8],
      [9, 10],
    ]);
  });

  test('waits 2 ms for a crowd that does not come again', async () => {
    await come([5, 6, 7, 8]);
    await process.answer();
    await come([9]);
    vi.advanceTimersByTime(1);
    expect(process.batches).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(process.batches).toEqual([[5, 6, 7, 8], [9]]);
  });

  test('expects nobody after a batch of bulk: one caller brought all of it', async () => {
    await come([5, 6, 7, 8], 'bulk');
    await process.answer();
    await come([9]);
    expect(process.batches).toEqual([[5, 6, 7, 8], [9]]);
  });

  test('tells of a crowd while one batch does not hold what is under way', async () => {
    await come([600]);
    expect(process.isCrowd).toBe(false);
    await process.answer();
    await come([200, 200]);
    expect(process.isCrowd).toBe(false);
    await come([200]);
    expect(process.isCrowd).toBe(true);
    await process.answer();
    expect(process.isCrowd).toBe(false);
  });

  test('tells of a crowd from two texts on, where they run one after another', async () => {
    start(true);
    await come([5]);
    expect(process.isCrowd).toBe(false);
    await come([5]);
    expect(process.isCrowd).toBe(true);
  });
});
