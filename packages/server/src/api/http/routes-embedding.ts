// The routes that embed, in each dialect: our own, the batch contract's, OpenAI's, and text-embeddings-inference's.

import { embedBatch } from '../../operations/embed-batch.js';
import { embedText } from '../../operations/embed-text.js';
import { embed } from '../../operations/embed.js';
import { modelGet } from '../../operations/model-get.js';
import { modelsList } from '../../operations/models-list.js';
import { openAiEmbeddings } from '../../operations/openai-embeddings.js';
import { openAiModel, openAiModels } from '../../operations/openai-models.js';
import { similarity } from '../../operations/similarity.js';
import { teiEmbed } from '../../operations/tei-embed.js';
import { teiInfo } from '../../operations/tei-info.js';
import { teiTokenize } from '../../operations/tei-tokenize.js';
import type { Route } from './route.js';

/** What the routes that embed have in common. */
const embeds = {
  method: 'POST',
  status: 200,
  body: 'texts',
  bodyLimit: 'embedBodyMb',
  texts: { limit: 'maxBatchSize', setting: 'MAX_BATCH_SIZE' },
  vectors: true,
  embeds: true,
  errors: ['permission_denied', 'not_found', 'failed_precondition', 'payload_too_large', 'rate_limited', 'quota_exceeded'],
} as const;

const teiEmbedRoute: Route = { ...embeds, url: '/embed', operation: teiEmbed, dialect: 'tei', rateLimited: true };

export const embeddingRoutes: readonly Route[] = [
  { ...embeds, url: '/v1/embed', operation: embed },
  { ...embeds, url: '/v1/similarity', operation: similarity },

  {
    ...embeds,
    url: '/embed',
    operation: embedText,
    rateLimited: true,
    alternative: { field: 'inputs', route: teiEmbedRoute },
  },
  { ...embeds, url: '/embed/batch', operation: embedBatch, rateLimited: true },
  { method: 'GET', url: '/models', operation: modelsList, status: 200, rateLimited: true, errors: ['rate_limited'] },
  { method: 'GET', url: '/models/:model_name*', operation: modelGet, status: 200, rateLimited: true, errors: ['rate_limited'] },

  {
    ...embeds,
    url: '/v1/embeddings',
    operation: openAiEmbeddings,
    texts: { limit: 'maxOpenAiInputs', setting: 'MAX_OPENAI_INPUTS' },
    dialect: 'openai',
  },
  { method: 'GET', url: '/v1/models', operation: openAiModels, status: 200, dialect: 'openai' },
  {
    method: 'GET',
    url: '/v1/models/:model*',
    operation: openAiModel,
    status: 200,
    dialect: 'openai',
    errors: ['permission_denied', 'not_found'],
  },

  // Where Hugging Face's own client posts to a server that it is given the address of.
  { ...embeds, url: '/', operation: teiEmbed, dialect: 'tei' },
  {
    method: 'POST',
    url: '/tokenize',
    operation: teiTokenize,
    status: 200,
    body: 'texts',
    bodyLimit: 'embedBodyMb',
    texts: embeds.texts,
    dialect: 'tei',
    errors: ['permission_denied', 'not_found', 'failed_precondition', 'payload_too_large'],
  },
  { method: 'GET', url: '/info', operation: teiInfo, status: 200, dialect: 'tei', errors: ['not_found', 'failed_precondition'] },
];
