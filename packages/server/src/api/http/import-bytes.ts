// The bytes of an import, as they come and decoded.

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import { codingOf, decode, decodeError } from './body/decode.js';
import type { Exchange } from './exchange.js';

/** Compressed vectors are some 2 to 20 times smaller; what grows more than this is made to fill a server. */
const maxGrowth = 100;

/**
 * The file that a request carries; whoever stops reading leaves the connection whole.
 * @param freeBytes that may come of a compressed file however small it is
 * @throws VoisinError, while iterated: payload_too_large when a compressed file grows past the bound, and the reason when the request is given up
 */
export function importBytes({ raw, exchange }: FastifyRequest, freeBytes: number): AsyncGenerator<Buffer> {
  const coding = codingOf(raw.headers);
  if (coding === undefined) return untilAborted(raw, raw, exchange);
  const before = raw.socket.bytesRead;
  const decoded = untilAborted(decode(raw, coding), raw, exchange);
  return bounded();

  async function* bounded(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of decoded) {
        bytes += chunk.length;
        const most = freeBytes + maxGrowth * (raw.socket.bytesRead - before);
        if (bytes > most) {
          const message = `body: expected at most ${maxGrowth} times its compressed bytes and ${freeBytes} more when decoded, got more`;
          throw new VoisinError('payload_too_large', message, { field: 'body', max_bytes: most });
        }
        yield chunk;
      }
    } catch (error) {
      throw decodeError(error, coding ?? 'gzip');
    }
  }
}

async function* untilAborted(stream: Readable, raw: IncomingMessage, exchange: Exchange): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false });
  let fail: ((reason: VoisinError) => void) | undefined;
  let reason: VoisinError | undefined;
  const off = exchange.onAbort((why) => {
    reason = why;
    fail?.(why);
  });
  try {
    for (;;) {
      const step = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        fail = reject;
        if (reason !== undefined) reject(reason);
        else chunks.next().then(resolve, reject);
      });
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    off();
    // Not waited for: a piece that is being read may never come.
    chunks.return?.().catch(() => undefined);
    if (stream !== raw) stream.destroy();
    discard(raw);
  }
}

/** What still comes is thrown away, so that the client gets to read the answer. */
export function discard(raw: IncomingMessage): void {
  // Once the iterator has taken its listeners away.
  setImmediate(() => {
    if (!raw.readableEnded) raw.resume();
  });
}
