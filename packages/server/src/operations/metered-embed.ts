// Embedding on a caller's account: what every operation that embeds for a caller calls.

import type { EmbedOptions, Embedding, EmbedResult } from '../embedding/index.js';
import type { Caller, Services } from './operation.js';

type Inputs = Parameters<Embedding['embed']>[0];

/** Vectors of the inputs; errors are those of `embedding.embed`. */
export function meteredEmbed({ embedding }: Services, { signal }: Caller, inputs: Inputs, options: EmbedOptions): Promise<EmbedResult> {
  return embedding.embed(inputs, { signal, ...options });
}
