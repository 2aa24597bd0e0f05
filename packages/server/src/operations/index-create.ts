// Makes an index.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { operation } from './operation.js';
import { IndexInfo, indexOptions, TenantId } from './schemas.js';

export const indexCreate = operation({
  name: 'index.create',
  summary: 'Make an index',
  input: Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 256, description: 'for people; need not be unique' }),
      dimension: Type.Optional(Type.Integer({ minimum: 1, description: 'values a vector; may be left out with `embedding`' })),
      index_type: Type.Optional(Type.String({ minLength: 1, maxLength: 128, default: 'IndexFlatL2', description: 'a FAISS class name' })),
      factory: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'a FAISS factory string, in place of index_type' })),
      tenant_id: Type.Optional(TenantId),
      ...indexOptions,
    },
    { additionalProperties: false },
  ),
  output: IndexInfo,
  async run({ indexes, embedding, config: { limits } }, { tenant, admin }, { tenant_id, embedding: asked, ...definition }) {
    if (definition.index_type !== undefined && definition.factory !== undefined) {
      throw new VoisinError('invalid_argument', 'factory: came together with index_type; send one of the two', { field: 'factory' });
    }
    if (asked !== undefined) await embedding.refresh();
    const model = asked === undefined ? undefined : embedding.model(asked.model);
    const dimension = definition.dimension ?? model?.dimension;
    if (dimension === undefined) {
      throw new VoisinError(
        'invalid_argument',
        `dimension: required, but nothing came; expected an integer of 1 to ${limits.maxDimension}`,
        {
          field: 'dimension',
        },
      );
    }
    if (dimension > limits.maxDimension) {
      throw new VoisinError('invalid_argument', `dimension: expected an integer of 1 to ${limits.maxDimension}, got ${dimension}`, {
        field: 'dimension',
      });
    }
    if (model !== undefined && model.dimension !== dimension) {
      throw new VoisinError(
        'invalid_argument',
        `dimension: the model ${model.name} makes vectors of ${model.dimension} values, got ${dimension}`,
        {
          field: 'dimension',
        },
      );
    }
    const owner = tenant ?? tenant_id ?? 'default';
    // Without keys a tenant is a name that anyone may choose; an administrator answers for the whole server.
    const isBounded = tenant !== undefined && !admin;
    const maxOfTenant = isBounded ? limits.maxIndexesPerTenant || Math.ceil(limits.maxIndexes / 2) : undefined;
    return indexes.create(owner, { ...definition, dimension, ...(asked === undefined ? {} : { embedding: asked }) }, maxOfTenant);
  },
});
