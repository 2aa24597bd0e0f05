// An answer to what never became a request: written to the connection itself, which closes with it.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type VoisinError } from '../../errors.js';
import { requestId } from '../../telemetry/request-id.js';
import { errorBody, ownStatus } from './errors.js';

/** What still comes from a client that was answered is thrown away for so long, so that it gets to read the answer. */
const closeAfterMs = 1000;

export function answerRaw(socket: Duplex, error: VoisinError): void {
  const id = requestId();
  const body = JSON.stringify(errorBody(error, id));
  const status = ownStatus(error);
  const retryAfter = error.details?.retryAfterSeconds;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.resume();
  const late = setTimeout(() => socket.destroy(), closeAfterMs);
  socket.once('close', () => clearTimeout(late));
}
