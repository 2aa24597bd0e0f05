// Content-Encoding: bodies that come compressed, decoded piece by piece.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { VoisinError } from '../../../errors.js';

const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
} as const;

export type Coding = keyof typeof decoders;

/** What 415 says that is accepted. */
export const acceptedCodings = 'gzip, deflate';

function isCoding(name: string): name is Coding {
  return Object.hasOwn(decoders, name);
}

/** @returns undefined for a body that is not compressed. @throws VoisinError invalid_argument (415) for what cannot be decoded */
export function codingOf({ 'content-encoding': header }: IncomingHttpHeaders): Coding | undefined {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  if (isCoding(name)) return name;
  throw new VoisinError(
    'invalid_argument',
    `content-encoding: expected one of ${acceptedCodings} or none, got ${JSON.stringify(name.slice(0, 100))}`,
    { field: 'content-encoding', http_status: 415 },
  );
}

/**
 * The decoded bytes of a request. Where nobody reads them to the end (destroy it), the rest of the request is thrown away, so that the client gets
 * to read its answer. Fails with VoisinError invalid_argument for what is not as its header has it, and with the request's own failure.
 */
export function decode(raw: IncomingMessage, coding: Coding): Readable {
  const decoder = decoders[coding]();
  const lost = (cause?: Error): void => void decoder.destroy(cause ?? new Error('the connection closed'));
  const closed = (): void => {
    if (!raw.complete) lost();
  };
  raw.once('error', lost).once('close', closed);
  decoder.once('close', () => {
    raw.off('error', lost).off('close', closed);
    raw.unpipe(decoder);
    raw.resume();
  });
  return raw.pipe(decoder);
}

/** What zlib threw, as one of ours; anything else as it is. */
export function decodeError(error: unknown, coding: Coding): unknown {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (!(error instanceof Error) || typeof code !== 'string' || !code.startsWith('Z_')) return error;
  return new VoisinError('invalid_argument', `body: expected ${coding} as content-encoding has it, got other bytes (${error.message})`, {
    field: 'body',
  });
}
