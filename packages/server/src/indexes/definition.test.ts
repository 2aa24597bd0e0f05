import { describe, expect, it } from 'vitest';
import { define, describe as describeIndex, loadDefinition, storedDefinition } from './definition.js';
import type { CreateIndex } from './types.js';

const now = { vectors: 3, state: 'ready', reason: undefined } as const;
const wanted: CreateIndex = {
  name: 'é "quoted"',
  dimension: 12,
  index_type: 'IndexIVFPQ',
  metric: 'cosine',
  nlist: 5,
  nprobe: 3,
  m: 4,
  nbits: 6,
  embedding: { model: 'x' },
};

describe('a definition', () => {
  it('is the same after it was stored and loaded', () => {
    const made = define('tenant', wanted);
    expect(loadDefinition('tenant', made.id, JSON.parse(JSON.stringify(storedDefinition(made))))).toEqual(made);
  });

  it('is shown with what the caller said and the defaults', () => {
    expect(describeIndex(define('t', wanted), now)).toMatchObject({
      ...wanted,
      tenant_id: 't',
      factory: 'IVF5,PQ4x6',
      vector_count: 3,
      state: 'ready',
    });
    const plain = describeIndex(define('t', { name: 'x', dimension: 3 }), now);
    expect(plain).toMatchObject({ index_type: 'IndexFlatL2', metric: 'l2', factory: 'Flat' });
    expect(describeIndex(define('t', { name: 'x', dimension: 3, index_type: 'HNSW' }), now)).toMatchObject({
      M: 32,
      ef_construction: 40,
      ef_search: 64,
    });
    expect(describeIndex(define('t', { name: 'x', dimension: 3, index_type: 'IndexIVFFlat' }), now)).toMatchObject({
      factory: 'IVF,Flat',
      nprobe: 16,
    });
  });

  it('takes the metric from the class name unless another is given', () => {
    expect(define('t', { name: 'x', dimension: 3, index_type: 'IndexFlatIP' }).metric).toBe('ip');
    expect(define('t', { name: 'x', dimension: 3, index_type: 'IndexFlatIP', metric: 'l2' }).metric).toBe('l2');
    expect(define('t', { name: 'x', dimension: 3, index_type: 'IndexFlatL2', metric: 'cosine' }).metric).toBe('cosine');
  });

  it.each([
    [{ ef_search: 0 }, /^ef_search: 0 is out of range; accepted are 1 to 10000$/],
    [{ ef_construction: 1.5 }, /^ef_construction: 1\.5/],
    [{ nprobe: 100_000 }, /^nprobe: 100000 .* 1 to 65536$/],
    [{ nlist: -1 }, /^nlist: -1/],
  ])('refuses %j', (more, message) => {
    expect(() => define('t', { name: 'x', dimension: 3, ...more })).toThrow(message);
  });

  it.each([
    [null, /not an object/],
    [[], /lacks/],
    [{ name: 'x', dimension: 0, createdAt: '2026' }, /lacks/],
    [{ name: 'x', dimension: 3 }, /lacks/],
    [{ name: 'x', dimension: 3, createdAt: '2026', metric: 'hamming' }, /no metric "hamming"/],
    [{ name: 'x', dimension: 3, createdAt: '2026', index_type: 'LSH' }, /not a type/],
  ])('is damaged where the file holds %j', (stored, message) => {
    expect(() => loadDefinition('t', 'id', stored)).toThrow(message);
  });
});
