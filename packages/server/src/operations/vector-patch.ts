// Changes parts of one vector: its values, its text, fields of its metadata.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { operation } from './operation.js';
import { IndexId, Metadata, StoredVector, Vector, VectorId } from './schemas.js';
import { requireVectorId } from './vector-id.js';
import { requireMetadata, requireTextLength, vectorOf } from './vector-values.js';

export const vectorPatch = operation({
  name: 'vector.patch',
  summary: 'Change a vector’s values or metadata (a JSON merge patch: null removes a field)',
  input: Type.Object(
    {
      index: IndexId,
      id: VectorId,
      values: Type.Optional(Vector),
      metadata: Type.Optional(Metadata),
      text: Type.Optional(
        Type.String({ description: 'kept beside the values; without `values`, an index with `embedding` embeds it again' }),
      ),
    },
    { additionalProperties: false },
  ),
  output: StoredVector,
  async run(services, caller, { index, id, metadata, values, text }) {
    requireVectorId(id, services.config.limits.maxIdBytes);
    if (metadata === undefined && values === undefined && text === undefined) {
      throw new VoisinError('invalid_argument', 'body: nothing to change; send values, metadata or text');
    }
    if (metadata !== undefined) requireMetadata(metadata, services.config.limits.maxMetadataBytes);
    const managed = services.indexes.get(caller.tenant, index);
    const given = { ...(values === undefined ? {} : { values }), ...(text === undefined ? {} : { text }) };
    // In an index without a model a text stands beside values that stay as they are.
    const isEmbedded = text !== undefined && managed.embedding !== undefined;
    if (text !== undefined) requireTextLength(text, services.config.limits.maxTextLength);
    const changed =
      values === undefined && !isEmbedded
        ? {}
        : { values: await vectorOf(services, managed, { ...given, valuesField: 'values', priority: 'bulk', caller }) };
    return managed.patch(id, { ...changed, ...(metadata === undefined ? {} : { metadata }), ...(text === undefined ? {} : { text }) });
  },
});
