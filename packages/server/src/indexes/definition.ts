// What an index is, for all its life: made once from what the caller said, kept in definition.json, shown by every route.
import { randomUUID } from 'node:crypto';
import { VoisinError } from '../errors.js';
import { className, factoryString, parseIndexType, type IndexType } from './index-type.js';
import { indexParameters, rangedParameters } from './index-parameters.js';
import type { CreateIndex, IndexInfo, IndexState, Metric } from './types.js';

export interface Definition {
  readonly id: string;
  readonly tenant: string;
  readonly createdAt: string;
  /** As the caller gave it, with defaults: read again at every start by the same code that read it the first time. */
  readonly wanted: CreateIndex;
  readonly metric: Metric;
  readonly type: IndexType;
  readonly efSearch: number;
  readonly efConstruction: number;
  readonly nprobe: number;
}

const metrics: readonly Metric[] = ['l2', 'ip', 'cosine'];
/** Reads a definition. Errors: invalid_argument, naming the field and what is accepted. */
export function define(tenant: string, wanted: CreateIndex, id: string = randomUUID(), createdAt = new Date().toISOString()): Definition {
  for (const field of rangedParameters) {
    const value = wanted[field];
    const { least, most } = indexParameters[field];
    if (value !== undefined && (!Number.isInteger(value) || value < least || value > most)) {
      throw new VoisinError('invalid_argument', `${field}: ${value} is out of range; accepted are ${least} to ${most}`, { field });
    }
  }
  return {
    id,
    tenant,
    createdAt,
    wanted,
    metric: wanted.metric ?? (wanted.index_type === 'IndexFlatIP' ? 'ip' : 'l2'),
    type: parseIndexType(wanted),
    efSearch: wanted.ef_search ?? indexParameters.ef_search.usual,
    efConstruction: wanted.ef_construction ?? indexParameters.ef_construction.usual,
    nprobe: wanted.nprobe ?? indexParameters.nprobe.usual,
  };
}

/** The JSON of definition.json. */
export const storedDefinition = ({ id, tenant, createdAt, wanted }: Definition): object => ({ id, tenant, createdAt, ...wanted });

/** Reads definition.json back. Errors: Error, with what is wrong in the file. */
export function loadDefinition(tenant: string, id: string, stored: unknown): Definition {
  if (typeof stored !== 'object' || stored === null) throw new Error('definition.json is not an object');
  const {
    createdAt,
    tenant: _tenant,
    id: _id,
    ...wanted
  } = stored as CreateIndex & { createdAt?: unknown; tenant?: unknown; id?: unknown };
  if (typeof wanted.name !== 'string' || !Number.isInteger(wanted.dimension) || wanted.dimension < 1 || typeof createdAt !== 'string') {
    throw new Error('definition.json lacks name, dimension or createdAt');
  }
  if (wanted.metric !== undefined && !metrics.includes(wanted.metric))
    throw new Error(`definition.json: no metric ${JSON.stringify(wanted.metric)}`);
  return define(tenant, wanted, id, createdAt);
}

export function describe(
  definition: Definition,
  now: { readonly vectors: number; readonly state: IndexState; readonly reason: string | undefined },
): IndexInfo {
  const { wanted, type, metric } = definition;
  return {
    id: definition.id,
    name: wanted.name,
    dimension: wanted.dimension,
    index_type: wanted.index_type ?? (wanted.factory === undefined ? 'IndexFlatL2' : className(type)),
    factory: type.family === 'ivf' && type.nlist === undefined ? factoryString(type).replace('IVF0', 'IVF') : factoryString(type),
    metric,
    tenant_id: definition.tenant,
    vector_count: now.vectors,
    created_at: definition.createdAt,
    state: now.state,
    ...(now.reason !== undefined && { reason: now.reason }),
    ...(type.family === 'hnsw' && { M: type.M, ef_construction: definition.efConstruction, ef_search: definition.efSearch }),
    ...(type.family === 'ivf' && { nprobe: definition.nprobe, ...(type.nlist !== undefined && { nlist: type.nlist }) }),
    ...(wanted.m !== undefined && { m: wanted.m }),
    ...(wanted.nbits !== undefined && { nbits: wanted.nbits }),
    ...(wanted.embedding !== undefined && { embedding: wanted.embedding }),
  };
}
