// Every route of the contract: which operation answers, with what status, and where its input comes from.

import { healthDetails } from '../../operations/health-details.js';
import { health } from '../../operations/health.js';
import { indexCompact } from '../../operations/index-compact.js';
import { indexCreate } from '../../operations/index-create.js';
import { indexDelete } from '../../operations/index-delete.js';
import { indexExport } from '../../operations/index-export.js';
import { indexGet } from '../../operations/index-get.js';
import { indexImport } from '../../operations/index-import.js';
import { indexList } from '../../operations/index-list.js';
import { indexSearchBatch } from '../../operations/index-search-batch.js';
import { indexSearch } from '../../operations/index-search.js';
import { indexStats } from '../../operations/index-stats.js';
import { indexTrain } from '../../operations/index-train.js';
import { systemMetrics } from '../../operations/system-metrics.js';
import { vectorDelete } from '../../operations/vector-delete.js';
import { vectorGet } from '../../operations/vector-get.js';
import { vectorPatch } from '../../operations/vector-patch.js';
import { vectorPut } from '../../operations/vector-put.js';
import { vectorsAdd } from '../../operations/vectors-add.js';
import { vectorsCount } from '../../operations/vectors-count.js';
import { vectorsDelete } from '../../operations/vectors-delete.js';
import { vectorsList } from '../../operations/vectors-list.js';
import { accountRoutes } from './routes-accounts.js';
import { embeddingRoutes } from './routes-embedding.js';
import type { Route } from './route.js';

const index = '/v1/index/:index';
const vector = `${index}/vectors/:id`;
const searchQuery = ['vector', 'text', 'k', 'filter', 'max_distance', 'ef_search', 'nprobe'];

const ofIndex = ['not_found', 'permission_denied', 'failed_precondition'] as const;
/** Where texts are embedded on the caller's account. */
const ofText = ['rate_limited', 'quota_exceeded'] as const;
const ofWrite = [...ofIndex, 'payload_too_large', 'resource_exhausted'] as const;

/** 400 when every vector of an add was refused; the body stays the same. */
function addStatus(output: unknown): number {
  const none = typeof output === 'object' && output !== null && 'added_count' in output && output.added_count === 0;
  const failed = typeof output === 'object' && output !== null && 'success' in output && output.success === false;
  return none && failed ? 400 : 201;
}

export const routes: readonly Route[] = [
  {
    method: 'POST',
    url: '/v1/index',
    operation: indexCreate,
    status: 201,
    body: 'plain',
    errors: ['permission_denied', 'not_found', 'payload_too_large', 'resource_exhausted'],
  },
  { method: 'GET', url: '/v1/index', operation: indexList, status: 200, query: ['limit', 'cursor'], errors: ['permission_denied'] },
  { method: 'GET', url: index, operation: indexGet, status: 200, errors: ofIndex },
  { method: 'DELETE', url: index, operation: indexDelete, status: 204, errors: ofIndex },
  { method: 'GET', url: `${index}/stats`, operation: indexStats, status: 200, errors: ofIndex },
  { method: 'POST', url: `${index}/train`, operation: indexTrain, status: 200, body: 'plain', bodyOptional: true, errors: ofWrite },
  { method: 'POST', url: `${index}/compact`, operation: indexCompact, status: 200, body: 'plain', bodyOptional: true, errors: ofWrite },

  {
    method: 'POST',
    url: `${index}/vectors`,
    operation: vectorsAdd,
    status: 201,
    body: 'vectors',
    statusOf: addStatus,
    errors: [...ofWrite, ...ofText],
  },
  { method: 'GET', url: `${index}/vectors`, operation: vectorsList, status: 200, query: ['limit', 'cursor'], errors: ofIndex },
  { method: 'POST', url: `${index}/vectors/delete`, operation: vectorsDelete, status: 200, body: 'plain', errors: ofWrite },
  {
    method: 'POST',
    url: `${index}/vectors/count`,
    operation: vectorsCount,
    status: 200,
    body: 'plain',
    bodyOptional: true,
    errors: ofIndex,
  },
  { method: 'GET', url: vector, operation: vectorGet, status: 200, vectors: true, errors: ofIndex },
  { method: 'PUT', url: vector, operation: vectorPut, status: 200, body: 'vector', errors: [...ofWrite, ...ofText] },
  { method: 'PATCH', url: vector, operation: vectorPatch, status: 200, body: 'vector', vectors: true, errors: [...ofWrite, ...ofText] },
  { method: 'DELETE', url: vector, operation: vectorDelete, status: 204, errors: ofWrite },

  {
    method: 'POST',
    url: `${index}/search`,
    operation: indexSearch,
    status: 200,
    body: 'vector',
    errors: [...ofIndex, 'payload_too_large', ...ofText],
  },
  {
    method: 'GET',
    url: `${index}/search`,
    operation: indexSearch,
    status: 200,
    body: 'vector',
    bodyOptional: true,
    query: searchQuery,
    errors: [...ofIndex, 'payload_too_large', ...ofText],
  },
  {
    method: 'POST',
    url: `${index}/search/batch`,
    operation: indexSearchBatch,
    status: 200,
    body: 'matrix',
    texts: { limit: 'queryBatch', setting: 'MAX_QUERY_BATCH' },
    errors: [...ofIndex, 'payload_too_large', ...ofText],
  },

  {
    method: 'POST',
    url: `${index}/import`,
    operation: indexImport,
    status: 200,
    stream: 'import',
    query: ['format', 'id_prefix', 'start'],
    errors: [...ofWrite, ...ofText],
  },
  { method: 'GET', url: `${index}/export`, operation: indexExport, status: 200, stream: 'export', query: ['format'], errors: ofIndex },

  ...embeddingRoutes,
  ...accountRoutes,
  { method: 'GET', url: '/v1/health', operation: health, status: 200, open: true },
  { method: 'GET', url: '/health', operation: healthDetails, status: 200, open: true },
  { method: 'GET', url: '/v1/metrics', operation: systemMetrics, status: 200 },
];
