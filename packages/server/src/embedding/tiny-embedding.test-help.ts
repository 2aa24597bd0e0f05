// An embedding on a tiny model, and what its vectors have to be, reckoned from the rows of its table.
import { expect } from 'vitest';
import { Embedding } from './embedding.js';
import { idsOf, tinyModel, vocabulary, type TinyOnnx } from './tiny-model.test-help.js';
import type { EmbedOptions } from './types.js';

const opened: (() => Promise<void>)[] = [];

/** For `afterEach`. */
export async function closeOpened(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close();
}

/** On the model in a directory, which is named `tiny`. */
export async function open(directory: string): Promise<Embedding> {
  const models = [{ name: 'lab/tiny', directory }];
  const embedding = await Embedding.open({ models, defaultModel: 'tiny', requiredModels: [], workers: 1, threadsPerWorker: 1 });
  opened.push(() => embedding.close());
  return embedding;
}

export async function openTiny(
  onnx: Partial<TinyOnnx> = {},
  files: Parameters<typeof tinyModel>[1] = {},
): Promise<{ embedding: Embedding; directory: string }> {
  const model = await tinyModel({ table, ...onnx }, files);
  opened.push(model.remove);
  return { embedding: await open(model.directory), directory: model.directory };
}

/** A row a token, no two alike, some of them negative. */
export const table = vocabulary.map((_, id) => [id + 1, -id, id * id - 10]);
const rowsOf = (...words: string[]): number[][] => idsOf(...words).map((id) => table[id] ?? []);
const column = (rows: readonly (readonly number[])[], at: number): number[] => rows.map((row) => row[at] ?? Number.NaN);
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** One value a column. */
export const overRows = (rows: readonly (readonly number[])[], of: (values: number[]) => number): number[] =>
  [0, 1, 2].map((at) => of(column(rows, at)));

export const words = ['one', 'three', 'four'];
export const rows = rowsOf(...words);

export async function vectorOf(embedding: Embedding, text: string, options: EmbedOptions = {}): Promise<number[]> {
  const { embeddings } = await embedding.embed([text], { normalize: false, ...options });
  return Array.from(embeddings[0] ?? []);
}

export function expectNear(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(actual[at], `value ${at}`).toBeCloseTo(value, 4);
}
