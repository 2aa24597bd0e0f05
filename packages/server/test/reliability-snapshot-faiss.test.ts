// index.faiss is a file that real FAISS reads: the faiss-cpu package opens it and finds what we find.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pythonOf, pythonProblem } from './support/python.js';
import { skipped } from './support/skipped.js';
import { newSeed, Random, TestHouse } from '../src/indexes/testing.js';

const seed = Number(process.env['SEED'] ?? newSeed());
const [dimension, rows, k] = [16, 1500, 10];
const problem = await pythonProblem('faiss-reference');

const script = `
import sys, json, faiss, numpy
index = faiss.read_index(sys.argv[1])
query = numpy.array([json.loads(sys.argv[2])], dtype='float32')
distances, labels = index.search(query, ${k})
print(json.dumps({'kind': type(index).__name__, 'rows': index.ntotal, 'labels': labels[0].tolist(), 'distances': distances[0].tolist()}))
`;

it.skipIf(problem !== undefined).each(['IndexFlatL2', 'IndexHNSWFlat', 'IVF8,Flat', 'SQ8', 'PCA8,Flat'])(
  `the snapshot of %s is read by faiss-cpu (SEED=${seed})${skipped(problem)}`,
  async (index_type) => {
    const python = await pythonOf('faiss-reference');
    const random = new Random(seed);
    await using house = await TestHouse.make();
    const index = await house.make({ dimension, index_type, nprobe: 8 });
    const ids = Array.from({ length: rows }, (_, at) => `v${at}`);
    await index.upsert({ ids, values: random.vectors(rows, dimension), metadata: ids.map(() => '{}') });
    await house.settled(index);
    const query = random.vectors(1, dimension);
    // A program that opens the file searches one list of an IVF index by its own default.
    const [hits = []] = await index.search(query, { k, nprobe: 1 });
    await house.close();
    const path = join(house.directoryOf(index.definition.id), 'index.faiss');
    const { stdout } = await promisify(execFile)(python, ['-c', script, path, JSON.stringify([...query])]);
    const found: { rows: number; labels: number[]; distances: number[] } = JSON.parse(stdout);
    expect(found.rows).toBe(rows);
    expect(found.labels.filter((label) => label >= 0).map((label) => `v${label}`)).toEqual(hits.map(({ id }) => id));
    for (const [rank, { distance }] of hits.entries()) expect(found.distances[rank]).toBeCloseTo(distance, 3);
  },
  120_000,
);
