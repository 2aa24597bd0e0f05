import { Index } from '@voisin/faiss';
import { describe, expect, it } from 'vitest';
import { className, factoryString, listsFor, parseIndexType, trainingFactory, trainingNeeds } from './index-type.js';
import type { CreateIndex } from './types.js';

const dimension = 48;
const parse = (wanted: Partial<CreateIndex>): ReturnType<typeof parseIndexType> => parseIndexType({ name: 'x', dimension, ...wanted });

const accepted: [Partial<CreateIndex>, factory: string, className: string][] = [
  [{}, 'Flat', 'IndexFlat'],
  [{ index_type: 'IndexFlatL2' }, 'Flat', 'IndexFlat'],
  [{ index_type: 'IndexFlatIP' }, 'Flat', 'IndexFlat'],
  [{ index_type: 'IndexFlat' }, 'Flat', 'IndexFlat'],
  [{ index_type: 'Flat' }, 'Flat', 'IndexFlat'],
  [{ index_type: 'IndexHNSWFlat' }, 'HNSW32,Flat', 'IndexHNSWFlat'],
  [{ index_type: 'IndexHNSW', M: 16 }, 'HNSW16,Flat', 'IndexHNSWFlat'],
  [{ index_type: 'IndexHNSWSQ' }, 'HNSW32,SQ8', 'IndexHNSWSQ'],
  [{ factory: 'HNSW' }, 'HNSW32,Flat', 'IndexHNSWFlat'],
  [{ factory: 'HNSW', M: 8 }, 'HNSW8,Flat', 'IndexHNSWFlat'],
  [{ factory: 'HNSW24,Flat' }, 'HNSW24,Flat', 'IndexHNSWFlat'],
  [{ factory: 'HNSW24,SQ8' }, 'HNSW24,SQ8', 'IndexHNSWSQ'],
  [{ factory: 'HNSW24,SQfp16' }, 'HNSW24,SQfp16', 'IndexHNSWSQ'],
  [{ factory: 'HNSW24_SQ8' }, 'HNSW24,SQ8', 'IndexHNSWSQ'],
  [{ index_type: 'IndexScalarQuantizer' }, 'SQ8', 'IndexScalarQuantizer'],
  ...(['SQ4', 'SQ6', 'SQ8', 'SQfp16'] as const).map((code): (typeof accepted)[number] => [{ factory: code }, code, 'IndexScalarQuantizer']),
  [{ index_type: 'IndexIVFFlat', nlist: 7 }, 'IVF7,Flat', 'IndexIVFFlat'],
  [{ index_type: 'IndexIVFScalarQuantizer', nlist: 7 }, 'IVF7,SQ8', 'IndexIVFScalarQuantizer'],
  [{ index_type: 'IndexIVFPQ', nlist: 7 }, 'IVF7,PQ6', 'IndexIVFPQ'],
  [{ index_type: 'IndexIVFPQ', nlist: 7, m: 4, nbits: 6 }, 'IVF7,PQ4x6', 'IndexIVFPQ'],
  [{ factory: 'IVF16,PQ12' }, 'IVF16,PQ12', 'IndexIVFPQ'],
  [{ factory: 'IVF16,PQ12x4' }, 'IVF16,PQ12x4', 'IndexIVFPQ'],
  [{ factory: 'PCA12,Flat' }, 'PCA12,Flat', 'IndexPreTransform'],
  [{ factory: 'PCAR12,HNSW8' }, 'PCAR12,HNSW8,Flat', 'IndexPreTransform'],
  [{ factory: 'OPQ4_24,IVF4,PQ4' }, 'OPQ4_24,IVF4,PQ4', 'IndexPreTransform'],
  [{ factory: 'OPQ4,SQ8' }, 'OPQ4,SQ8', 'IndexPreTransform'],
];

const refused: [Partial<CreateIndex>, field: string, message: RegExp][] = [
  ...[
    '',
    'flat',
    'Flat ',
    'Flat,Flat',
    'HNSW',
    'IDMap,Flat',
    'PQ8',
    'LSH',
    'NSG16',
    'IVF16,PQ12x4fs',
    'IVF16,Flat,RFlat',
    'IndexLSH',
    'BIVF16',
    'IVF,Flat',
    'IVF16',
    'PCA12',
    'HNSW16,PQ8',
    'SQ5',
    'L2norm,Flat',
    'IVF16_HNSW32,Flat',
    '__proto__',
  ]
    .filter((index_type) => index_type !== 'HNSW')
    .map((index_type): (typeof refused)[number] => [
      { index_type },
      'index_type',
      /accepted are the classes IndexFlat, .*factory strings Flat, .*OPQ/,
    ]),
  [{ factory: 'Flat', index_type: 'Flat' }, 'factory', /not both/],
  [{ factory: 'HNSW1' }, 'factory', /links is 1; accepted are 2 to 512/],
  [{ factory: 'HNSW9999' }, 'factory', /accepted are 2 to 512/],
  [{ index_type: 'IndexHNSWFlat', M: 0 }, 'M', /links is 0; accepted are 2 to 512/],
  [{ index_type: 'IndexHNSWFlat', M: 2.5 }, 'M', /2\.5/],
  [{ factory: 'IVF0,Flat' }, 'factory', /lists is 0; accepted are 1 to 65536/],
  [{ factory: 'IVF9999999,Flat' }, 'factory', /accepted are 1 to 65536/],
  [{ factory: 'IVF16,PQ0' }, 'factory', /accepted are 1 to 48/],
  [{ factory: 'IVF16,PQ7' }, 'factory', /7 subquantizers do not divide 48 dimensions/],
  [{ factory: 'IVF16,PQ8x9' }, 'factory', /bits of a code is 9; accepted are 4 to 8/],
  [{ index_type: 'IndexIVFPQ', m: 5 }, 'm', /do not divide/],
  [{ index_type: 'IndexIVFPQ', nbits: 12 }, 'nbits', /accepted are 4 to 8/],
  [{ factory: 'PCA49,Flat' }, 'factory', /width behind PCA is 49; accepted are 1 to 48/],
  [{ factory: 'OPQ5,IVF4,PQ4' }, 'factory', /OPQ's 5 subquantizers do not divide 48 dimensions/],
  [{ factory: 'OPQ4_20,IVF4,PQ6' }, 'factory', /do not divide 20 dimensions/],
];

describe('the type of an index', () => {
  it.each(accepted)('%j is accepted, and FAISS makes it', async (wanted, factory, name) => {
    const type = parse(wanted);
    expect(factoryString(type)).toBe(factory);
    expect(className(type)).toBe(name);
    const made = await Index.fromFactory(dimension, trainingFactory(type, 4));
    expect(made.isTrained).toBe(trainingNeeds(type) === undefined);
    await made.release();
  });

  it.each(refused)('%j is refused, naming the field and what is accepted', (wanted, field, message) => {
    expect(() => parse(wanted)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', details: { field }, message: expect.stringMatching(message) }),
    );
    expect(() => parse(wanted)).toThrow(new RegExp(`^${field}: `));
  });

  it('has as many lists as its vectors can train, where the definition leaves them open', () => {
    expect([1, 39, 78, 10_000, 1_000_000].map(listsFor)).toEqual([1, 1, 2, 256, 4000]);
    expect(factoryString(parse({ index_type: 'IndexIVFFlat' }), 256)).toBe('IVF256,Flat');
  });

  it('says how many vectors its training wants', () => {
    expect(trainingNeeds(parse({ factory: 'HNSW16' }))).toBeUndefined();
    expect(trainingNeeds(parse({ factory: 'SQ8' }))).toEqual({ good: 1000, least: 1 });
    expect(trainingNeeds(parse({ factory: 'IVF100,Flat' }))).toEqual({ good: 3900, least: 100 });
    expect(trainingNeeds(parse({ factory: 'IVF4,PQ4x4' }))).toEqual({ good: 624, least: 16 });
    expect(trainingNeeds(parse({ factory: 'PCA40,Flat' }))).toEqual({ good: 1000, least: 40 });
  });
});
