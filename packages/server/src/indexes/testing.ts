// What the tests of this room share: indexes in a folder of their own, seeded random numbers, the exact neighbours by brute force.
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DataDirectory } from '../store/data-directory.js';
import { prepare } from './geometry.js';
import { Indexes } from './indexes.js';
import type { ManagedIndex } from './managed-index.js';
import type { IndexLimits, Log } from './services.js';
import type { CreateIndex, Hit, Metric } from './types.js';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** Remembers what was logged. */
export function testLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine['level']) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export const testLimits: IndexLimits = {
  maxIndexes: 1000,
  maxOpenIndexes: 64,
  idleMilliseconds: 900_000,
  queueBytes: 64 * 2 ** 20,
  groupBytes: 8 * 2 ** 20,
  snapshotMilliseconds: 600_000,
  snapshotPauseMilliseconds: 600_000,
  retryJobMilliseconds: 60_000,
  metadataBytes: 40_960,
  metadataCacheBytes: 2 ** 20,
};

/** The indexes of a folder, that can be closed and opened again. */
export class TestHouse {
  readonly log = testLog();
  #directory: DataDirectory | undefined;
  #indexes: Indexes | undefined;

  constructor(
    readonly path: string,
    readonly limits: Partial<IndexLimits> = {},
  ) {}

  static async make(limits: Partial<IndexLimits> = {}): Promise<TestHouse> {
    const house = new TestHouse(await mkdtemp(join(tmpdir(), 'voisin-indexes-')), limits);
    await house.open();
    return house;
  }

  get indexes(): Indexes {
    if (this.#indexes === undefined) throw new Error('the house is closed');
    return this.#indexes;
  }

  async open(): Promise<void> {
    this.#directory = await DataDirectory.open(this.path);
    const { log } = this;
    this.#indexes = await Indexes.open({ directory: this.#directory, log, limits: { ...testLimits, ...this.limits }, threads: 1 });
  }

  async close(): Promise<void> {
    await this.#indexes?.close();
    await this.#directory?.close();
    this.#indexes = undefined;
    this.#directory = undefined;
  }

  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  async make(definition: Partial<CreateIndex> = {}): Promise<ManagedIndex> {
    const { id } = await this.indexes.create('default', { name: 'test', dimension: 8, ...definition });
    return this.indexes.get(undefined, id);
  }

  /** The index as it is after a restart too. */
  get(id: string): ManagedIndex {
    return this.indexes.get(undefined, id);
  }

  /** Resolves when the index does nothing by itself any more. */
  async settled(index: ManagedIndex): Promise<void> {
    await until(async () => !['training', 'compacting', 'untrained'].includes((await index.stats()).state), 'the index is at rest');
  }

  directoryOf(id: string): string {
    return join(this.path, 'default', id);
  }

  /** Closes and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await rm(this.path, { recursive: true, force: true });
  }
}

export const newSeed = (): number => Math.floor(Math.random() * 2 ** 31);

/** Seeded random numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to under 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  }

  vectors(n: number, dimension: number): Float32Array {
    return Float32Array.from({ length: n * dimension }, () => this.normal());
  }

  /** Vectors around some centres, and which centre each belongs to. */
  clustered(n: number, dimension: number, clusters: number, spread = 0.4): { values: Float32Array; cluster: number[] } {
    const centres = this.vectors(clusters, dimension);
    const cluster = Array.from({ length: n }, () => this.below(clusters));
    const values = new Float32Array(n * dimension);
    for (const [row, own] of cluster.entries())
      for (let i = 0; i < dimension; i++) values[row * dimension + i] = (centres[own * dimension + i] ?? 0) + spread * this.normal();
    return { values, cluster };
  }
}

/** The contract's distances from `query` to all rows. */
export function distances(metric: Metric, query: Float32Array, values: Float32Array): Float64Array {
  const dimension = query.length;
  const [q, rows] = [prepare(metric, query, dimension), prepare(metric, values, dimension)];
  return Float64Array.from({ length: rows.length / dimension }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < dimension; i++) {
      const [a, b] = [q[i] ?? 0, rows[row * dimension + i] ?? 0];
      sum += metric === 'l2' ? (a - b) ** 2 : a * b;
    }
    return metric === 'cosine' ? 1 - sum : sum;
  });
}

/** The rows nearest to `query` among those that `keep` is true of, nearest first. */
export function bruteForce(metric: Metric, query: Float32Array, values: Float32Array, k: number, keep: (row: number) => boolean): number[] {
  const all = distances(metric, query, values);
  const sign = metric === 'ip' ? -1 : 1;
  return [...all.keys()]
    .filter(keep)
    .sort((a, b) => sign * ((all[a] ?? 0) - (all[b] ?? 0)) || a - b)
    .slice(0, k);
}

/** Shares of the wanted that were found. */
export function recall(hits: readonly Hit[], wanted: readonly string[]): number {
  const found = new Set(hits.map(({ id }) => id));
  return wanted.length === 0 ? 1 : wanted.filter((id) => found.has(id)).length / wanted.length;
}

export async function until(condition: () => boolean | Promise<boolean>, what: string, milliseconds = 20_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await pause(5);
  }
}

/** Floats of a vector in the tests that need no other number. */
export const dimension = 8;

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Puts a random vector under each id, with the id and the mark as its metadata. */
export async function fill(index: ManagedIndex, random: Random, ids: readonly string[], mark = 0): Promise<Float32Array> {
  const values = random.vectors(ids.length, dimension);
  await index.upsert({ ids, values, metadata: ids.map((id) => JSON.stringify({ id, mark })) });
  return values;
}

export const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, at) => `v${from + at}`);

/** The ids that five random queries find. */
export const answers = async (index: ManagedIndex, seed: number): Promise<string[][]> =>
  (await index.search(new Random(seed).vectors(5, dimension), { k: 10 })).map((hits) => hits.map(({ id }) => id));
