import { expect, it } from 'vitest';
import { define } from '../indexes/definition.js';
import { indexParameters } from '../indexes/index-parameters.js';
import { indexOptions, searchOptions } from './schemas.js';

it.each(Object.entries(indexParameters))(
  'the range of %s is the same in the schema and in a definition',
  (name, { least, most, ...rest }) => {
    const schema: object | undefined = Object.entries(indexOptions).find(([known]) => known === name)?.[1];
    expect(schema).toMatchObject({ minimum: least, maximum: most, ...('usual' in rest ? { default: rest.usual } : {}) });
  },
);

it('what an index has where nobody says is what the contract says', () => {
  const { type, efSearch, efConstruction, nprobe } = define('t', { name: 'x', dimension: 16, index_type: 'IndexHNSWFlat' });
  expect([type, efSearch, efConstruction, nprobe]).toEqual([{ family: 'hnsw', M: 32 }, 64, 40, 16]);
  expect(define('t', { name: 'x', dimension: 16, index_type: 'IndexIVFPQ' }).type).toMatchObject({ nlist: undefined, code: 'PQ2' });
  expect(searchOptions.ef_search).toMatchObject({ minimum: 1, maximum: indexParameters.ef_search.most });
  expect(searchOptions.ef_search).not.toHaveProperty('default');
});
