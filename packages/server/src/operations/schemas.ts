// The schemas that operations share. The OpenAPI page is made from the same ones.

import Type from 'typebox';
import { indexParameters, type ParameterRange } from '../indexes/index-parameters.js';
import { IdList, VectorColumns, VectorRows } from './vector-columns.js';

/**
 * `x-json` is how a value that arrives here as typed arrays looks in JSON: what the OpenAPI document shows instead.
 * `x-expected` is how an error message names what is accepted.
 */
const number = { type: 'number', format: 'float' };
const numbers = { type: 'array', items: number, description: 'float32 values, as many as the index has dimensions' };

export const Vector = Type.Refine(
  Type.Unsafe<Float32Array>({ 'x-json': numbers, 'x-expected': 'an array of numbers' }),
  (value) => value instanceof Float32Array,
  () => 'expected an array of numbers',
);

/** A vector of an answer, which may be asked for as base64. */
export const AnsweredVector = Type.Unsafe<Float32Array>({
  'x-json': {
    oneOf: [
      { type: 'array', items: number, description: 'float32 values' },
      { type: 'string', contentEncoding: 'base64', description: 'with `encoding_format` base64: the bytes of the values, little-endian' },
    ],
  },
});

export const Matrix = Type.Refine(
  Type.Unsafe<VectorRows>({ 'x-json': { type: 'array', items: numbers }, 'x-expected': 'an array of arrays of numbers' }),
  (value) => value instanceof VectorRows,
  () => 'expected an array of arrays of numbers',
);

const idDescription = '1 to MAX_ID_BYTES (512) bytes without control characters';

export const Vectors = Type.Refine(
  Type.Unsafe<VectorColumns>({
    'x-expected': 'an array of {id, values, metadata?, text?}',
    'x-json': {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id'],
        properties: {
          id: { type: 'string', minLength: 1, description: idDescription },
          values: numbers,
          metadata: { type: 'object', additionalProperties: true, default: {}, description: 'up to 40 KB of JSON' },
          text: { type: 'string', description: 'kept beside `values`; an index with `embedding` takes it in place of them' },
        },
      },
    },
  }),
  (value) => value instanceof VectorColumns,
  () => 'expected an array of {id, values, metadata?, text?}',
);

export const IndexId = Type.String({ minLength: 1, maxLength: 128, description: 'the id that creating the index answered' });

/** The operation checks it by `requireVectorId`, which knows the configured bound. */
export const VectorId = Type.String({ description: `${idDescription}; URL-encoded in a path` });

/** Checked where they are read: each may be the id of a vector, and there are no more than MAX_VECTORS_PER_REQUEST. */
export const Ids = Type.Refine(
  Type.Unsafe<IdList>({
    'x-json': { type: 'array', items: { type: 'string', minLength: 1, description: idDescription } },
    'x-expected': 'an array of ids',
  }),
  (value) => value instanceof IdList,
  () => 'expected an array of ids',
);

export const Filter = Type.Unsafe<unknown>({
  'x-json': { type: 'object', additionalProperties: true },
  description: 'only vectors whose metadata match; see the guide to filters',
});

export const Metadata = Type.Unsafe<Readonly<Record<string, unknown>>>(
  Type.Object({}, { additionalProperties: true, description: 'any JSON object' }),
);

export const TenantId = Type.String({
  pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$',
  'x-expected': 'a tenant name: 1 to 64 of A-Z a-z 0-9 _ - . (not first)',
  description: 'with keys: the key’s own tenant; without keys: names the tenant',
});

export const Limit = Type.Integer({ minimum: 1, description: 'at most this many on a page' });
export const Cursor = Type.String({ minLength: 1, maxLength: 4096, description: 'the `next_cursor` of the page before' });

const Metric = Type.Enum(['l2', 'ip', 'cosine']);
const EmbeddingModel = Type.Object({ model: Type.String({ minLength: 1, maxLength: 256 }) }, { additionalProperties: false });

/** An integer in a range, with what it is when left out. */
function ranged({ least, most, usual }: ParameterRange, description: string) {
  const known = usual === undefined ? {} : { default: usual };
  return Type.Optional(Type.Integer({ minimum: least, maximum: most, ...known, description }));
}

/** What may be said of an index beyond its name; each holds for the types that know it. */
export const indexOptions = {
  metric: Type.Optional(Metric),
  M: ranged(indexParameters.M, 'HNSW: links a vector'),
  ef_construction: ranged(indexParameters.ef_construction, 'HNSW: breadth while building'),
  ef_search: ranged(indexParameters.ef_search, 'HNSW: breadth while searching'),
  nlist: ranged(indexParameters.nlist, 'IVF: cells; by size when left out'),
  nprobe: ranged(indexParameters.nprobe, 'IVF: cells looked into'),
  m: ranged(indexParameters.m, 'PQ: parts a vector; an eighth of its dimensions when left out'),
  nbits: ranged(indexParameters.nbits, 'PQ: bits a part'),
  embedding: Type.Optional(EmbeddingModel),
};

export const IndexState = Type.Enum(['ready', 'untrained', 'training', 'compacting', 'read_only', 'damaged']);

export const IndexInfo = Type.Object({
  id: Type.String(),
  name: Type.String(),
  dimension: Type.Integer(),
  index_type: Type.String(),
  factory: Type.String(),
  tenant_id: Type.String(),
  vector_count: Type.Integer(),
  created_at: Type.String({ format: 'date-time' }),
  state: IndexState,
  reason: Type.Optional(Type.String({ description: 'why it is read-only or damaged' })),
  ...indexOptions,
  metric: Metric,
});

export const Hit = Type.Object({
  id: Type.String(),
  score: Type.Number({ description: 'higher is nearer: l2: 1 / (1 + squared distance); ip and cosine: the product' }),
  distance: Type.Number({ description: 'l2: squared distance; ip: the product; cosine: 1 - cosine' }),
  metadata: Metadata,
  text: Type.Optional(Type.String()),
});

export const StoredVector = Type.Object({
  id: Type.String(),
  values: AnsweredVector,
  metadata: Metadata,
  text: Type.Optional(Type.String()),
});

export const RefusedVector = Type.Object({
  position: Type.Integer({ description: 'where it stood in the request, from 0' }),
  id: Type.Optional(Type.String()),
  error: Type.String(),
});

/** In a search the same range, and what the index has where it is left out. */
const ofSearch = ({ least, most }: ParameterRange, description: string) => ranged({ least, most }, description);

/** What a search takes beside what it looks for. */
export const searchOptions = {
  k: Type.Optional(Type.Integer({ minimum: 1, default: 10, description: 'how many at most' })),
  filter: Type.Optional(Filter),
  max_distance: Type.Optional(Type.Number({ description: 'keeps hits at most this far (ip: of at least this product)' })),
  ef_search: ofSearch(indexParameters.ef_search, 'HNSW, this search only; else what the index has'),
  nprobe: ofSearch(indexParameters.nprobe, 'IVF, this search only; else what the index has'),
};

export const Latency = Type.Number({ description: 'the server’s own time' });

/** @param started of performance.now() */
export function latency(started: number): number {
  return Math.round((performance.now() - started) * 1000) / 1000;
}

export const ProcessingTime = Type.Number({ description: 'the server’s own time, two decimals' });

/** @param started of performance.now() */
export function processingTime(started: number): number {
  return Math.round((performance.now() - started) * 100) / 100;
}

export const DroppedTokens = Type.Integer({
  description: 'how much of it was cut; of a text of more than 65,536 characters at least so much, its end is not counted',
});

export const CutTexts = Type.Array(
  Type.Object({ index: Type.Integer({ description: 'the text’s position, from 0' }), dropped_tokens: DroppedTokens }),
  { description: 'texts that the model could not read to their ends; absent when there are none' },
);
