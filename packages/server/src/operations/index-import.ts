// Keeps a stream of vectors, batch by batch, and tells how far it has come.

import Type from 'typebox';
import { type KeepOptions, keepVectors } from './keep-vectors.js';
import { type Caller, operation, type Services } from './operation.js';
import { IndexId } from './schemas.js';
import type { Refused, VectorColumns } from './vector-columns.js';

/** A part of the stream. Positions in its columns count from `first`. */
export interface ImportBatch {
  readonly first: number;
  readonly columns: VectorColumns;
  /** Names a vector of the stream in an error, from its position there. */
  readonly label: (position: number, problem: string) => string;
}

export interface ImportProgress {
  readonly done: boolean;
  readonly imported: number;
  readonly failed: number;
  readonly errors?: readonly Refused[];
}

const namedErrors = 100;
/** Texts of an account are embedded, counted and kept in groups of this many at most. */
const textsOfGroup = 64;

/** How many vectors go together where they are embedded on an account; undefined: all of a batch. */
function groupSize({ account: { meter } }: Services, { account }: Caller, { texts }: VectorColumns): number | undefined {
  return account === undefined || texts === undefined ? undefined : Math.min(textsOfGroup, meter.tier(account.tier).perMinute);
}

/** Opens the stream, once it is known how many values a vector has. */
const Batches = Type.Refine(
  Type.Unsafe<(dimension: number) => AsyncIterable<ImportBatch>>({ 'x-expected': 'a stream of vectors' }),
  (value) => typeof value === 'function',
  () => 'expected a stream of vectors',
);

const Progress = Type.Unsafe<AsyncIterable<ImportProgress>>({
  'x-json': {
    type: 'object',
    required: ['done', 'imported', 'failed'],
    properties: {
      done: { type: 'boolean' },
      imported: { type: 'integer' },
      failed: { type: 'integer' },
      errors: { type: 'array', description: 'the first 100 that were not kept', items: { type: 'object' } },
    },
  },
});

export const indexImport = operation({
  name: 'index.import',
  summary: 'Import vectors from a stream: JSON lines, .npy or .fvecs',
  input: Type.Object({ index: IndexId, batches: Batches }, { additionalProperties: false }),
  output: Progress,
  async run(services, caller, { index, batches }) {
    // Asked for before the first byte is read, so that a wrong index is an error and not the end of a stream.
    const managed = services.indexes.get(caller.tenant, index);
    return keepAll();

    async function* keepAll(): AsyncGenerator<ImportProgress> {
      let imported = 0;
      let failed = 0;
      const errors: Refused[] = [];
      const progress = (done: boolean): ImportProgress => ({
        done,
        imported,
        failed,
        ...(done && errors.length > 0 ? { errors } : {}),
      });
      // All of it is one request, in however many groups it is embedded.
      let requests = 1;
      const stream: KeepOptions['stream'] = { takeRequest: () => requests-- > 0 };
      for await (const { first, columns, label } of batches(managed.dimension)) {
        const size = groupSize(services, caller, columns) ?? columns.count;
        for (let from = 0; from < columns.count; from += size) {
          const group = size >= columns.count ? columns : columns.slice(from, from + size);
          const at = first + from;
          const kept = await keepVectors(services, managed, group, { caller, stream, label: (row, problem) => label(at + row, problem) });
          imported += kept.added;
          failed += kept.failed;
          for (const one of kept.refused.slice(0, namedErrors - errors.length)) errors.push({ ...one, position: at + one.position });
          yield progress(false);
        }
      }
      yield progress(true);
    }
  },
});
