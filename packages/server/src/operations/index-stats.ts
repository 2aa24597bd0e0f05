// What an index holds and costs: rows, dead rows, bytes in memory and on disk, state.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId, IndexState } from './schemas.js';

export const indexStats = operation({
  name: 'index.stats',
  summary: 'Statistics of an index',
  input: Type.Object({ index: IndexId }, { additionalProperties: false }),
  output: Type.Object({
    vector_count: Type.Integer(),
    dead_rows: Type.Integer({ description: 'deleted or replaced, still in FAISS’s index until compaction' }),
    memory_bytes: Type.Integer(),
    disk_bytes: Type.Integer(),
    state: IndexState,
    reason: Type.Optional(Type.String()),
    serving: Type.String({ description: 'the FAISS class that answers now; a flat one stands in until training is done' }),
    trained: Type.Boolean(),
    trained_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'when the type was last trained; it trains again by itself' }),
    ),
    outside_rows: Type.Optional(
      Type.Integer({
        description:
          'vectors that the type cannot hold or that its training does not fit: they are compared by their own values, and training is done again when they are many',
      }),
    ),
    changes: Type.Integer(),
    changes_since_snapshot: Type.Integer(),
    snapshot_at: Type.Optional(Type.String({ format: 'date-time' })),
    writes_waiting: Type.Integer(),
  }),
  run: ({ indexes }, { tenant }, { index }) => indexes.get(tenant, index).stats(),
});
