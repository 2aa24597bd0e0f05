// The nearest neighbours of one vector or one text.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { operation } from './operation.js';
import { Hit, IndexId, searchOptions, Vector } from './schemas.js';
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
  output: Type.Object({ results: Type.Array(Hit, { description: 'nearest first' }) }),
  async run(services, caller, { index, vector, text, ...asked }) {
    if (vector !== undefined && text !== undefined) {
      throw new VoisinError('invalid_argument', 'vector: came together with text; send one of the two', { field: 'vector' });
    }
    const options = takeSearchOptions(asked, services.config.limits);
    const managed = services.indexes.get(caller.tenant, index);
    const given = { ...(vector === undefined ? {} : { values: vector }), ...(text === undefined ? {} : { text }) };
    const query = await vectorOf(services, managed, { ...given, valuesField: 'vector', priority: 'query', caller });
    const [results = []] = await managed.search(query, { ...options, alone: caller.alone });
    return { results };
  },
});
