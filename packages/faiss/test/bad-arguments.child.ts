// Throws bad arguments at every entry. Runs in a process of its own and says what it is about to do, so that a crash names its cause.
import { writeSync } from 'node:fs';
import { giveWay, Index, knn, normalize, setThreads } from '../src/index.js';
import { makeVectors } from './vectors.test-help.js';

const dimension = 16;
const vectors = makeVectors(300, dimension, 1);
const say = (line: string): void => void writeSync(1, `${line}\n`);

const withValue = (value: number): Float32Array => Float32Array.from({ length: dimension }, (_, i) => (i === 3 ? value : 1));
function detached<T extends Float32Array | BigInt64Array | Uint8Array>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}
const lying = Object.defineProperty(new Float32Array(dimension * 3 + 1), 'length', { value: dimension * 3 });
const throwing = {
  get threads(): number {
    throw new RangeError('a getter threw');
  },
  get selector(): Uint8Array {
    throw new RangeError('a getter threw');
  },
};

const anything: unknown[] = [
  null, true, false, 'x', '', Symbol('s'), {}, [], [1, 2], () => 1, 1n, new Date(0), /x/, new Map(), new Proxy({}, {}),
  new ArrayBuffer(64), new SharedArrayBuffer(64), new DataView(new ArrayBuffer(64)), new Float64Array(dimension), new Int32Array(dimension),
  new Uint16Array(3), Object.create(Float32Array.prototype), { length: dimension }, '__proto__', 'constructor',
]; // prettier-ignore
const numbers: unknown[] = [NaN, -1, -0.5, 1.5, Infinity, -Infinity, 1e39, 2 ** 31, 2 ** 32 + 1, 2 ** 53, -(2 ** 31), 1e-320];
const notNumbers = anything;
const badVectors = [
  ...anything, ...numbers, undefined, 0, new Float32Array(dimension - 1), new Float32Array(dimension * 2 + 1), new BigInt64Array(dimension),
  new Uint8Array(dimension * 4),
]; // prettier-ignore
const notFinite = [withValue(NaN), withValue(Infinity), withValue(-Infinity)];
const gone = [detached(new Float32Array(dimension * 4)), lying];
const badCounts = [...notNumbers, ...numbers, undefined, 0];
const badIds = [...anything, ...numbers, undefined, 0, new Float32Array(4), new Uint8Array(8)];
const badBytes = [...anything.filter((value) => !(value instanceof Uint8Array)), ...numbers, undefined, 0, new Float32Array(4)];
const badStrings = [...anything.filter((value) => typeof value !== 'string'), ...numbers, undefined, 0];
const badOptions = [null, true, 'x', 3, 1n, Symbol('s'), () => 1].filter((value) => typeof value !== 'function');
const factories = [
  '', 'flat', 'Flat,', ',Flat', 'Flat,Flat', 'HNSW0', 'HNSW1', 'HNSW-1', 'HNSW1.5', 'HNSW513', 'HNSW99999999999', 'HNSW16,', 'HNSW16,Foo', 'PQ0', 'PQ3',
  'PQ-1', 'PQ17', 'PQ4x0', 'PQ4x17', 'PQ4x16', 'PQ4x99999999999', 'PQ4x4fs', 'IVF0,Flat', 'IVF-1,Flat', 'IVF999999999,Flat', 'IVF99999999999999999999,Flat',
  'IVF4', 'IVF4,', 'IVF4,HNSW8', 'IVF4,PQ0', 'IVF4,PQ3', 'IVF4,PQ4x9', 'IVF4,PQ4x4fs', 'IVF4_HNSW0,Flat', 'IVF4_HNSW1,Flat', 'IVF4(Flat),Flat', 'IVF4(Flat,Flat',
  'IVF4),Flat', '(((((((', ')))))))', 'IVF4(Index9),Flat', 'IMI2x8,Flat', 'PCA0,Flat', 'PCA17,Flat', 'PCA-1,Flat', 'PCA99999999999,Flat', 'PCA8', 'PCA8,', 'OPQ0,Flat',
  'OPQ3,Flat', 'OPQ4_0,Flat', 'OPQ4_99,Flat', 'OPQ3_8,Flat', 'RR0,Flat', 'RR99,Flat', 'RQ4x8', 'LSQ4x8', 'LSH', 'NSG16', 'ZnLattice3x4_5', 'Residual4x8', 'Flat,RFlat', 'SQ9', 'SQ8,Flat',
  'IDMap', 'IDMap,', 'IDMap,IDMap,Flat', 'Flat,IDMap', 'ITQ,LSH', 'Pad32,Flat', 'Refine(Flat)', 'SQ\u0000', 'Flat\u0000HNSW', 'Flat\n', ' Flat', 'Ｆlat', `PQ${'9'.repeat(300)}`,
  'PCA8,'.repeat(5) + 'Flat', 'RR,'.repeat(60) + 'Flat',
]; // prettier-ignore

interface Tally {
  tried: number;
  wrong: string[];
}
const tally: Tally = { tried: 0, wrong: [] };

/** `call` must fail with one of our codes, or with the error that an argument itself threw. */
async function refuses(name: string, value: unknown, call: (value: never) => unknown, mayWork = false): Promise<void> {
  tally.tried++;
  const label = `${name}(${typeof value === 'string' ? JSON.stringify(value.slice(0, 30)) : Object.prototype.toString.call(value)} ${typeof value === 'number' ? value : ''})`;
  say(label);
  try {
    await call(value as never);
    if (!mayWork) tally.wrong.push(`${label} worked`);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const ours = typeof code === 'string' && code.startsWith('ERR_FAISS_') && code !== 'ERR_FAISS_INTERNAL';
    if (!ours && message !== 'a getter threw' && !(error instanceof TypeError))
      tally.wrong.push(`${label}: ${String(code)} ${String(message)}`);
  }
}

async function refusesAll(name: string, values: unknown[], call: (value: never) => unknown): Promise<void> {
  for (const value of values) await refuses(name, value, call);
}

for (const dimensions of [...notNumbers, ...numbers, undefined, 0, 65_537]) {
  await refuses('fromFactory dimension', dimensions, (value) => Index.fromFactory(value, 'Flat'));
  await refuses('normalize dimension', dimensions, (value) => normalize(vectors, value));
  await refuses('knn dimension', dimensions, (value) => knn(vectors, vectors, value, 1));
}
await refusesAll('fromFactory factory', [...badStrings, ...factories], (value) => Index.fromFactory(dimension, value));
await refusesAll('fromFactory metric', [...anything, 'L2', 'cosine', 0], (value) => Index.fromFactory(dimension, 'Flat', value));
await refusesAll('fromFactory HNSW,PQ ip', ['HNSW8,PQ4'], (value) => Index.fromFactory(dimension, value, 'ip'));
await refusesAll(
  'deserialize',
  [...badBytes, new Uint8Array(0), new Uint8Array(3), new Uint8Array(1000), detached(new Uint8Array(100))],
  (value) => Index.deserialize(value),
);
await refusesAll('read', [...badStrings, '', '\0', '/no/such/file', '/', '/dev/null', '/proc/self/mem'], (value) => Index.read(value));
await refusesAll('knn queries', badVectors, (value) => knn(value, vectors, dimension, 1));
await refusesAll('knn vectors', badVectors, (value) => knn(vectors, value, dimension, 1));
await refusesAll('knn k', [...badCounts, 2 ** 27 + 1], (value) => knn(vectors, vectors, dimension, value));
await refusesAll('normalize', badVectors, (value) => normalize(value, dimension));
await refusesAll('setThreads', [...badCounts, 1], (value) => setThreads(value));
await refusesAll('giveWay', [...notNumbers, ...numbers, undefined], (value) => giveWay(value));

for (const factory of [
  'Flat',
  'HNSW8',
  'SQ8',
  'PQ4np',
  'HNSW8,SQ8',
  'IVF4,Flat',
  'IVF4,PQ4np',
  'PCA8,Flat',
  'OPQ4,IVF4,SQ8',
  'IDMap,Flat',
]) {
  const index = await Index.fromFactory(dimension, factory);
  const isMapped = factory.startsWith('IDMap');
  const of = (entry: string): string => `${factory} ${entry}`;
  await refuses(of('add untrained'), undefined, () => index.add(vectors), index.isTrained && !isMapped);
  await index.reset();
  await refusesAll(of('train'), [...badVectors, ...notFinite, new Float32Array(0)], (value) => index.train(value));
  await index.train(vectors);
  if (isMapped)
    await index.addWithIds(
      vectors,
      BigInt64Array.from({ length: 300 }, (_, i) => BigInt(i)),
    );
  else await index.add(vectors);

  const query = vectors.slice(0, dimension);
  await refusesAll(of('add'), [...badVectors, ...notFinite], (value) => index.add(value));
  for (const value of [...gone, withValue(3e38), withValue(1e-44)]) await refuses(of('add'), value, (given) => index.add(given), true);
  await refusesAll(of('add threads'), [...notNumbers, ...numbers, 0, 1025], (threads) => index.add(query, { threads }));
  await refusesAll(of('add options'), badOptions, (value) => index.add(query, value));
  await refusesAll(of('addWithIds'), badVectors, (value) => index.addWithIds(value, new BigInt64Array(1)));
  await refusesAll(of('addWithIds ids'), [...badIds, new BigInt64Array(2), BigInt64Array.of(-1n)], (value) =>
    index.addWithIds(query, value),
  );
  await refusesAll(of('search'), badVectors, (value) => index.search(value, 3));
  for (const value of [...gone, ...notFinite, withValue(3e38)]) await refuses(of('search'), value, (given) => index.search(given, 3), true);
  await refusesAll(of('search k'), [...badCounts, 2 ** 27 + 1], (value) => index.search(query, value));
  await refusesAll(
    of('search selector'),
    badBytes.filter((value) => value !== undefined),
    (selector) => index.search(query, 3, { selector }),
  );
  for (const selector of [new Uint8Array(0), new Uint8Array(1), new Uint8Array(10_000).fill(255), detached(new Uint8Array(38))]) {
    await refuses(of('search selector'), selector, (value) => index.search(query, 3, { selector: value }), true);
  }
  await refusesAll(of('search efSearch'), [...notNumbers, ...numbers, 0, 1_000_001], (efSearch) => index.search(query, 3, { efSearch }));
  await refusesAll(of('search nprobe'), [...notNumbers, ...numbers, 0], (nprobe) => index.search(query, 3, { nprobe }));
  await refusesAll(of('search here'), [null, 1, 'true', {}, Symbol('s')], (here) => index.search(query, 3, { here }));
  await refusesAll(of('search exact'), [null, 1, 'true', {}, Symbol('s')], (exact) => index.search(query, 3, { exact }));
  await refusesAll(of('search options'), [...badOptions, throwing], (value) => index.search(query, 3, value));
  await refusesAll(of('rangeSearch'), badVectors, (value) => index.rangeSearch(value, 1, { exact: index.hasFlatStorage }));
  await refusesAll(of('rangeSearch radius'), [...anything, NaN, undefined], (value) =>
    index.rangeSearch(query, value, { exact: index.hasFlatStorage }),
  );
  for (const radius of [Infinity, -Infinity, 0, -1, 1e300, 3])
    await refuses(of('rangeSearch radius'), radius, (value) => index.rangeSearch(query, value), true);
  for (const label of [
    ...anything.filter((value) => value !== 1n),
    ...numbers,
    undefined,
    -1n,
    301n,
    2n ** 63n,
    -(2n ** 63n),
    2n ** 64n,
    10n ** 30n,
  ]) {
    await refuses(of('reconstruct'), label, (value) => index.reconstruct(value), typeof label === 'bigint' && label < 400n && label >= 0n);
    await refuses(
      of('reconstructN start'),
      label,
      (value) => index.reconstructN(value, 2),
      typeof label === 'bigint' && label < 400n && label >= 0n,
    );
  }
  await refusesAll(of('reconstructN n'), [...badCounts, 400], (value) => index.reconstructN(0, value));
  await refusesAll(of('reconstructN n'), [2 ** 27], (value) => index.reconstructN(2n ** 63n - 2n, value));
  await refusesAll(of('setParameter'), [...anything, 'nlist', 'efsearch', 0], (value) => index.setParameter(value, 3));
  await refusesAll(of('setParameter value'), [...badCounts, 1_000_001], (value) => index.setParameter('efSearch', value));
  for (const value of [1, 1_000_000])
    for (const name of ['efSearch', 'efConstruction', 'nprobe'] as const)
      await refuses(of(`setParameter ${name}`), value, (given) => index.setParameter(name, given), true);
  await index.search(query, 3);
  await refusesAll(of('removeIds'), badIds, (value) => index.removeIds(value));
  for (const ids of [new BigInt64Array(0), BigInt64Array.of(-1n, 0n, 0n, 2n ** 62n), detached(new BigInt64Array(8))]) {
    await refuses(of('removeIds'), ids, (value) => index.removeIds(value), true);
  }
  await refusesAll(of('write'), [...badStrings, '', 'a\0b', '/no/such/folder/x', '/'], (value) => index.write(value));
  await index.search(query, 3);

  const under = index.search(vectors, 300);
  const release = index.release();
  await under;
  await release;
  await index.release();
  const released: Record<string, () => unknown> = {
    add: () => index.add(query), addWithIds: () => index.addWithIds(query, new BigInt64Array(1)), train: () => index.train(query), search: () => index.search(query, 1),
    rangeSearch: () => index.rangeSearch(query, 1), reconstruct: () => index.reconstruct(0), reconstructN: () => index.reconstructN(0, 1), removeIds: () => index.removeIds(new BigInt64Array(1)),
    reset: () => index.reset(), setParameter: () => index.setParameter('efSearch', 1), serialize: () => index.serialize(), write: () => index.write('/tmp/x'), clone: () => index.clone(),
  }; // prettier-ignore
  for (const [name, call] of Object.entries(released)) await refuses(of(`${name} after release`), undefined, call);
  if (index.ntotal !== 0) tally.wrong.push('a released index says that it holds vectors');
}

say(JSON.stringify(tally));
