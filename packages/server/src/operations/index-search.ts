// The nearest neighbours of one vector or one text.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { AnswerBound } from './answer-bound.js';
import { FoundHits, Hits } from './found-hits.js';
import { operation } from './operation.js';
import { IndexId, searchOptions, Vector } from './schemas.js';
import { takeSearchOptions } from './search-options.js';
import { vectorOf } from './vector-values.js';

export const indexSearch = operation({
  name: 'index.search',
  summary: 'Find the nearest neighbours of a vector',
  input: Type.Object(
    {
      index: IndexId,
      vector: Type.Optional(Vector),
      text: Type.Optional(Type.String({ description: 'for an index with `embedding`, in place of vector' })),
      ...searchOptions,
    },
    { additionalProperties: false },
  ),
  output: Type.Object({ results: Hits }),
  async run(services, caller, input) {
    const { index, vector, text } = input;
    if (vector !== undefined && text !== undefined) {
      throw new VoisinError('invalid_argument', 'vector: came together with text; send one of the two', { field: 'vector' });
    }
    const options = takeSearchOptions(input, services.config.limits, caller.alone);
    const managed = services.indexes.get(caller.tenant, index);
    const query = await vectorOf(services, managed, { values: vector, text, valuesField: 'vector', priority: 'query', caller });
    const meter = new AnswerBound(services.answers, caller, () => `k is ${options.k}; ask for a smaller one, or keep less metadata`);
    return { results: new FoundHits(await managed.search(query, { ...options, meter }), false) };
  },
});
