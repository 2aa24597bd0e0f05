// The batcher with a process that the test answers for: when a batch begins, and with whom.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { Batcher, type Workers } from './batcher.js';
import type { Priority } from './types.js';

const dimension = 2;

/** Processes that all work on one thing: `batches`, the lengths of the texts of each batch that one of them was given. */
class Team implements Workers {
  onChange = (): void => undefined;
  readonly failure = undefined;
  readonly batches: number[][] = [];
  readonly #size: number;
  readonly #room: number;
  readonly #answers: (() => void)[] = [];

  /** What was last said of the load. */
  isCrowd = false;
  keepsTextsApart = false;

  /** @param ahead they take a next batch while they work */
  constructor(size: number, ahead: boolean) {
    this.#size = size;
    this.#room = ahead ? 2 * size : size;
  }

  note(isCrowd: boolean): void {
    this.isCrowd = isCrowd;
  }

  team() {
    const worker = { run: (texts: readonly Int32Array[]) => this.#run(texts) };
    const workers = (count: number) => Array.from({ length: Math.max(0, count) }, () => worker);
    const free = workers(this.#size - this.#answers.length);
    const nearlyFree = workers(this.#room - this.#answers.length - free.length);
    return { size: this.#size, keepsTextsApart: this.keepsTextsApart, free, nearlyFree };
  }

  /** The batch that runs longest ends; resolves when its callers know. */
  async answer(): Promise<void> {
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
      void batcher.submit(`${++count}`, priority, text).result;
    }
    await nextTurn();
  };

  const start = (processes: number, { oneByOne = false, ahead = false } = {}): void => {
    team = new Team(processes, ahead);
    batcher = new Batcher(team, { model: 'm', dimension, batchTokens: 512, oneByOne, onInference: () => undefined });
  };

  beforeEach(() => {
    start(1);
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
    start(1, { oneByOne: true });
    await come([100, 28, 1], 'bulk');
    await team.answer();
    expect(team.batches).toEqual([[100, 28], [1]]);
    start(1, { oneByOne: true });
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

  test('gives a lone process all that waits', async () => {
    await come([5]);
    await come([6, 7, 8]);
    await team.answer();
    expect(team.batches).toEqual([[5], [6, 7, 8]]);
  });

  test('divides what is under way into two batches for each process', async () => {
    start(2);
    await come([5, 5, 5, 5, 5, 5, 5, 5]);
    expect(team.batches).toEqual([
      [5, 5],
      [5, 5],
    ]);
    await team.answer();
    await come([6]);
    expect(team.batches.slice(2)).toEqual([[5, 5]]);
  });

  test('gives processes that work their next batch, which holds a query up for 256 tokens at most', async () => {
    start(2, { ahead: true });
    await come([100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100]);
    expect(team.batches).toEqual([
      [100, 100, 100],
      [100, 100, 100],
      [100, 100],
      [100, 100],
    ]);
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
