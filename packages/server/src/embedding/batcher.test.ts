// The batcher with a process that the test answers for: when a batch begins, and with whom.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Batcher, type Workers } from './batcher.js';
import type { Priority } from './types.js';

const dimension = 2;

/** How long a batch takes. */
const RUN_MS = 16;

/** Processes that all work on one thing: `batches`, the lengths of the texts of each batch that one of them was given. */
class Team implements Workers {
  onChange = (): void => undefined;
  readonly failure = undefined;
  readonly batches: number[][] = [];
  readonly #size: number;
  readonly #answers: (() => void)[] = [];

  /** What was last said of the load. */
  isCrowd = false;
  keepsTextsApart = false;

  constructor(size: number) {
    this.#size = size;
  }

  note(isCrowd: boolean): void {
    this.isCrowd = isCrowd;
  }

  team() {
    const worker = { run: (texts: readonly Int32Array[]) => this.#run(texts) };
    return {
      size: this.#size,
      keepsTextsApart: this.keepsTextsApart,
      free: Array.from({ length: this.#size - this.#answers.length }, () => worker),
    };
  }

  /** The batch that runs longest ends, after RUN_MS; resolves when its callers know. */
  async answer(): Promise<void> {
    vi.advanceTimersByTime(RUN_MS);
    this.#answers.shift()?.();
    await nextTurn();
  }

  #run(texts: readonly Int32Array[]): Promise<Float32Array> {
    this.batches.push(texts.map(({ length }) => length));
    return new Promise((resolve) => {
      this.#answers.push(() => resolve(new Float32Array(texts.length * dimension)));
    });
  }
}

describe('a batcher', () => {
  let team: Team;
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

  const start = (processes: number, oneByOne = false): void => {
    team = new Team(processes);
    batcher = new Batcher(team, { model: 'm', dimension, batchTokens: 512, oneByOne, onInference: () => undefined });
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    start(1);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('begins with what is there when a process is free', async () => {
    await come([5]);
    await come([6, 7]);
    expect(team.batches).toEqual([[5]]);
    await team.answer();
    expect(team.batches).toEqual([[5], [6, 7]]);
  });

  test('runs texts of like length together, where they are padded', async () => {
    await come([5, 300, 6], 'bulk');
    await team.answer();
    expect(team.batches).toEqual([[5, 6], [300]]);
  });

  test('runs texts of any length together, where they are kept apart', async () => {
    team.keepsTextsApart = true;
    await come([5, 300, 6], 'bulk');
    expect(team.batches).toEqual([[5, 300, 6]]);
  });

  test('gives texts that run one after another 128 tokens at a time, and as many as others get where they are kept apart', async () => {
    start(1, true);
    await come([100, 28, 1], 'bulk');
    await team.answer();
    expect(team.batches).toEqual([[100, 28], [1]]);
    start(1, true);
    team.keepsTextsApart = true;
    await come([100, 28, 1], 'bulk');
    expect(team.batches).toEqual([[100, 28, 1]]);
  });

  test('lets a lone caller who asks again wait for nobody', async () => {
    await come([5]);
    await team.answer();
    await come([6]);
    expect(team.batches).toEqual([[5], [6]]);
  });

  test('begins when half of a crowd that was answered has come again', async () => {
    await come([5, 6, 7, 8]);
    await team.answer();
    await come([9]);
    expect(team.batches).toEqual([[5, 6, 7, 8]]);
    await come([10]);
    expect(team.batches).toEqual([
      [5, 6, 7, 8],
      [9, 10],
    ]);
  });

  test('waits a quarter of the time that the batch took for a crowd that does not come again', async () => {
    await come([5, 6, 7, 8]);
    await team.answer();
    await come([9]);
    vi.advanceTimersByTime(RUN_MS / 4 - 1);
    expect(team.batches).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(team.batches).toEqual([[5, 6, 7, 8], [9]]);
  });

  test('divides what waits among the processes that are free', async () => {
    start(2);
    await come([5, 5, 5, 5, 5]);
    expect(team.batches).toEqual([
      [5, 5, 5],
      [5, 5],
    ]);
  });

  test('gives a process its share of a crowd, not what little is there when it becomes free', async () => {
    start(2);
    await come([5, 5, 5, 5]);
    await come([6, 6]);
    await team.answer();
    // Two who wait, two who run, two who were answered: three each.
    expect(team.batches).toHaveLength(2);
    await come([7]);
    expect(team.batches.slice(2)).toEqual([[6, 6, 7]]);
  });

  test('expects nobody after a batch of bulk: one caller brought all of it', async () => {
    await come([5, 6, 7, 8], 'bulk');
    await team.answer();
    await come([9]);
    expect(team.batches).toEqual([[5, 6, 7, 8], [9]]);
  });

  test('tells of a crowd while more than one text is under way', async () => {
    await come([600]);
    expect(team.isCrowd).toBe(false);
    await come([5]);
    expect(team.isCrowd).toBe(true);
    await team.answer();
    expect(team.isCrowd).toBe(false);
  });
});
