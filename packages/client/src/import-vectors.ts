// A file of vectors into an index, told about while it goes in.

import { answerError } from './answer-error.js';
import { VoisinError } from './errors.js';
import type { Imported, StreamFormat } from './index-types.js';
import { jsonLines } from './lines.js';
import type { CallOptions } from './options.js';
import type { StreamRequest, Transport } from './transport.js';

export interface ImportOptions extends Pick<CallOptions, 'signal'> {
  /** Default `jsonl`. */
  readonly format?: StreamFormat;
  /** `npy` and `fvecs` hold no ids: row 0 is called `{id_prefix}{start}`. */
  readonly id_prefix?: string;
  readonly start?: number;
  readonly onProgress?: (progress: Imported) => void;
}

/**
 * Sends the file and gives the last report.
 * @throws VoisinError with `details.imported` when the file turns out to be broken: what came before stays
 */
export async function importVectors(
  transport: Transport,
  path: string,
  body: StreamRequest['body'],
  { format = 'jsonl', id_prefix, start, signal, onProgress }: ImportOptions,
): Promise<Imported> {
  const query = new URLSearchParams({ format });
  if (id_prefix !== undefined) query.set('id_prefix', id_prefix);
  if (start !== undefined) query.set('start', String(start));
  const request: StreamRequest = { method: 'POST', path: `${path}?${query}`, body, accept: 'application/x-ndjson' };
  const response = await transport.stream(request, signal === undefined ? {} : { signal });
  try {
    for await (const line of jsonLines(response.body ?? new Blob().stream())) {
      // A mistake that was found late: the status had gone out by then.
      if (isFailure(line)) throw answerError(new Response(null, { status: 400 }), JSON.stringify(line));
      if (!isReport(line)) continue;
      onProgress?.(line);
      if (line.done) return line;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof VoisinError) throw cause;
    throw new VoisinError('unavailable', `${path}: the connection broke while importing`, { cause });
  }
  throw new VoisinError('unavailable', `${path}: the answer ended before the import did`);
}

const isFailure = (line: unknown): boolean => typeof line === 'object' && line !== null && 'error' in line;

function isReport(line: unknown): line is Imported {
  return typeof line === 'object' && line !== null && 'done' in line && 'imported' in line;
}
