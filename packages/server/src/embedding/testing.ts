// What the tests of this room share: the bundled model, its reference vectors, a copy of it to break, keys of texts, waiting by polling.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type CacheKey, cacheKey } from './cache/cache-key.js';

export const modelsFolder = fileURLToPath(new URL('../../../../../models', import.meta.url));
export const miniLm = join(modelsFolder, 'all-MiniLM-L6-v2');
export const miniLmName = 'sentence-transformers/all-MiniLM-L6-v2';

/** PyTorch's own vectors of texts that are not blank. */
export async function readReference(): Promise<{ texts: string[]; tokens: number[]; vectors: number[][] }> {
  const all: { texts: string[]; tokens: number[]; vectors: number[][] } = JSON.parse(
    await readFile(join(miniLm, 'reference.json'), 'utf8'),
  );
  const kept = all.texts.flatMap((text, position) => (text.trim() === '' ? [] : [position]));
  const pick = <T>(values: readonly T[]): T[] => values.filter((_, position) => kept.includes(position));
  return { texts: pick(all.texts), tokens: pick(all.tokens), vectors: pick(all.vectors) };
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? Number.NaN, b[i] ?? Number.NaN];
    product += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return product / Math.sqrt(ofA * ofB);
}

/** A copy of the bundled model in a folder of its own, removed by `remove`. */
export async function copyModel(): Promise<{ directory: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-model-'));
  const directory = join(folder, 'model');
  await cp(miniLm, directory, { recursive: true });
  return { directory, remove: () => rm(folder, { recursive: true }) };
}

/** What the caches know a text by, for a model that there is not. */
export const keyOf = (text: string): CacheKey => cacheKey('f00d', '', text);

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await pause(5);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Different texts of so many words. */
export function manyTexts(count: number, words: number): string[] {
  return Array.from({ length: count }, (_, text) => Array.from({ length: words }, (__, word) => `word${text} part${word}`).join(' '));
}
