// The nearest neighbours of many vectors or texts in one request.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import type { ManagedIndex } from '../indexes/managed-index.js';
import { AnswerBound } from './answer-bound.js';
import { FoundHits, HitsOfEach } from './found-hits.js';
import { meteredEmbed } from './metered-embed.js';
import { type Caller, operation, type Services } from './operation.js';
import { IndexId, Matrix, searchOptions } from './schemas.js';
import { takeSearchOptions } from './search-options.js';
import type { VectorRows } from './vector-columns.js';
import { noModel, rowProblem, textProblem } from './vector-values.js';

/** Hits of all queries together: what one answer may hold. */
const mostHits = 1_000_000;

export const indexSearchBatch = operation({
  name: 'index.search.batch',
  summary: 'Find the nearest neighbours of many vectors',
  input: Type.Object(
    {
      index: IndexId,
      vectors: Type.Optional(Matrix),
      texts: Type.Optional(Type.Array(Type.String(), { description: 'for an index with `embedding`, in place of vectors' })),
      ...searchOptions,
    },
    { additionalProperties: false },
  ),
  output: Type.Object({ results: HitsOfEach }),
  async run(services, caller, { index, vectors, texts, ...asked }) {
    if ((vectors === undefined) === (texts === undefined)) {
      const came = vectors === undefined ? 'neither' : 'both';
      throw new VoisinError('invalid_argument', `vectors: expected either vectors or texts, got ${came}`, { field: 'vectors' });
    }
    const { queryBatch } = services.config.limits;
    const field = vectors === undefined ? 'texts' : 'vectors';
    const count = vectors?.count ?? texts?.length ?? 0;
    if (count > queryBatch)
      throw new VoisinError('invalid_argument', `${field}: expected at most ${queryBatch} queries, got ${count}`, { field });
    const options = takeSearchOptions(asked, services.config.limits);
    if (count * options.k > mostHits) {
      throw new VoisinError(
        'invalid_argument',
        `k: expected at most ${Math.floor(mostHits / count)} for ${count} queries, got ${options.k}`,
        {
          field: 'k',
        },
      );
    }
    const managed = services.indexes.get(caller.tenant, index);
    if (count === 0) return { results: new FoundHits([], true) };
    const queries = vectors === undefined ? await embedQueries(services, caller, managed, texts ?? []) : checkRows(managed, vectors);
    const meter = new AnswerBound(
      services.answers,
      caller,
      () => `${count} queries with k ${options.k}; ask for a smaller k or send fewer queries, or keep less metadata`,
    );
    return { results: new FoundHits(await managed.search(queries, { ...options, meter }), true) };
  },
});

function checkRows(index: ManagedIndex, rows: VectorRows): Float32Array {
  for (let i = 0; i < rows.count; i++) {
    const problem = rowProblem(rows.row(i), index);
    if (problem !== undefined) throw new VoisinError('invalid_argument', `vectors[${i}]: ${problem}`, { field: `vectors[${i}]` });
  }
  return rows.values;
}

async function embedQueries(services: Services, caller: Caller, index: ManagedIndex, texts: readonly string[]): Promise<Float32Array> {
  const model = index.embedding?.model;
  if (model === undefined) throw new VoisinError('invalid_argument', `texts: ${noModel('vectors')}`, { field: 'texts' });
  for (const [i, text] of texts.entries()) {
    const problem = textProblem(text, services.config.limits.maxTextLength);
    if (problem !== undefined) throw new VoisinError('invalid_argument', `texts[${i}]: ${problem}`, { field: `texts[${i}]` });
  }
  const { embeddings } = await meteredEmbed(services, caller, texts, { model, priority: 'query' });
  const queries = new Float32Array(texts.length * index.dimension);
  for (const [i, vector] of embeddings.entries()) queries.set(vector, i * index.dimension);
  return queries;
}
