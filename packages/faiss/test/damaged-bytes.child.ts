// Reads cut and altered bytes of every class and uses what was read. Runs in a process of its own and says what it is about to do.
import { writeSync } from 'node:fs';
import { Index } from '../src/index.js';
import { makeVectors, random } from './vectors.test-help.js';

const dimension = 16;
const n = 300;
const vectors = makeVectors(n, dimension, 1);
const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const rounds = Number(process.argv[3] ?? 400);
const next = random(seed);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const pick = (below: number): number => Math.floor(next() * below);
let read = 0;
let refused = 0;

/** Everything that a caller may do with an index that was read. */
async function use(index: Index): Promise<void> {
  const query = new Float32Array(index.dimension).fill(0.5);
  const calls = [
    () => index.search(query, 5, { efSearch: 50, nprobe: 4 }),
    () => index.search(query, 5, { selector: new Uint8Array(10).fill(0x5a) }),
    () => index.rangeSearch(query, 3, { exact: index.hasFlatStorage }),
    () => index.reconstruct(3),
    () => index.clone(),
    () => index.add(query),
    () => index.addWithIds(query, BigInt64Array.of(7n)),
    () => index.search(query, 5),
    () => index.removeIds(BigInt64Array.of(1n, 7n)),
    () => index.serialize(),
    () => index.reset(),
    () => index.add(query),
    () => index.release(),
  ];
  for (const call of calls) {
    await call().catch((error: unknown) => {
      if (!(error instanceof Error) || !('code' in error)) throw error;
    });
  }
}

async function tryBytes(bytes: Uint8Array): Promise<void> {
  const index = await Index.deserialize(bytes).catch((error: unknown) => {
    if (!(error instanceof Error) || !('code' in error) || !['ERR_FAISS_CORRUPT', 'ERR_FAISS_MEMORY'].includes(String(error.code)))
      throw error;
    refused++;
  });
  if (index === undefined) return;
  read++;
  await use(index);
}

const extremes = [0, 1, -1, 2, 255, 65_536, 2 ** 31 - 1, -(2 ** 31), n, n + 1];
say(`seed ${seed}`);
for (const factory of [
  'Flat',
  'HNSW4',
  'HNSW4,SQ8',
  'HNSW4,PQ4np',
  'SQ8',
  'SQ4',
  'PQ4x4np',
  'IVF4,Flat',
  'IVF4,SQ8',
  'IVF4,PQ4x4np',
  'IVF4_HNSW4,Flat',
  'PCA8,Flat',
  'OPQ4,IVF4,PQ4x4np',
  'L2norm,HNSW4',
  'IDMap2,Flat',
]) {
  const index = await Index.fromFactory(dimension, factory);
  await index.train(vectors);
  if (factory.startsWith('IDMap'))
    await index.addWithIds(
      vectors,
      BigInt64Array.from({ length: n }, (_, i) => BigInt(i)),
    );
  else await index.add(vectors);
  const whole = await index.serialize();
  const heads = Math.min(whole.length, 400);
  // Cut everywhere near the start, where the sizes are, and here and there behind it.
  for (let length = 0; length < heads; length += 7) {
    say(`${factory} cut to ${length}`);
    await tryBytes(whole.slice(0, length));
  }
  for (let round = 0; round < rounds; round++) {
    const bytes = round % 4 === 0 ? whole.slice(0, pick(whole.length)) : whole.slice();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const changes = 1 + pick(3);
    const done: string[] = [];
    for (let i = 0; i < changes && bytes.length >= 8; i++) {
      const at = pick(next() < 0.5 ? Math.min(bytes.length - 4, heads) : bytes.length - 4);
      const value = next() < 0.5 ? (extremes[pick(extremes.length)] ?? 0) : pick(2 ** 32);
      if (next() < 0.7) view.setInt32(at, value, true);
      else view.setUint8(at, pick(256));
      done.push(`${at}:${value}`);
    }
    say(`${factory} ${bytes.length} of ${whole.length} bytes, changed ${done.join(' ')}`);
    await tryBytes(bytes);
  }
}
say(JSON.stringify({ read, refused }));
