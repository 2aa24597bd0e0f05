// Puts one vector in place, whatever was there before.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId, Metadata, Vector, VectorId } from './schemas.js';
import { requireVectorId } from './vector-id.js';
import { requireMetadata, vectorOf } from './vector-values.js';

export const vectorPut = operation({
  name: 'vector.put',
  summary: 'Put a vector, replacing what was there',
  input: Type.Object(
    {
      index: IndexId,
      id: VectorId,
      values: Type.Optional(Vector),
      metadata: Type.Optional(Metadata),
      text: Type.Optional(Type.String({ description: 'kept beside the values; an index with `embedding` takes it in place of them' })),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({ id: Type.String(), created: Type.Boolean() }),
  async run(services, caller, { index, id, metadata = {}, ...given }) {
    requireVectorId(id, services.config.limits.maxIdBytes);
    requireMetadata(metadata, services.config.limits.maxMetadataBytes);
    const managed = services.indexes.get(caller.tenant, index);
    const values = await vectorOf(services, managed, { ...given, valuesField: 'values', priority: 'bulk', caller });
    const text = given.text === undefined ? {} : { text: given.text };
    const { created } = await managed.put(id, { values, metadata, ...text });
    return { id, created };
  },
});
