// What Node would answer by itself, with an empty body or none: requests that are not HTTP as it has to be, and those that it takes no part in.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { VoisinError } from '../../errors.js';
import { requestId } from '../../telemetry/request-id.js';
import { sayInDialect } from './dialects.js';
import { ownStatus } from './errors.js';
import type { KnownRoutes } from './known-routes.js';
import { answerRaw } from './raw-answer.js';

export const maxHeaderSize = 64 * 1024;
/** For all headers of a request together, in milliseconds. */
export const headersTimeout = 60_000;

/** Node tells of each piece that comes after the broken one. */
const answered = new WeakSet<Duplex>();

/** What Node could not even read as HTTP. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Duplex): void {
  if (answered.has(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy(error);
    return;
  }
  answered.add(socket);
  answerRaw(socket, problemOf(error.code));
}

function problemOf(code = 'unknown'): VoisinError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return bad(`headers: expected at most ${maxHeaderSize} bytes, got more`, 431);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return bad('body: expected chunks without extensions, or with short ones', 413);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return bad(`headers: expected all of them within ${headersTimeout / 1000} s`, 408);
    default:
      return bad(`request: expected HTTP/1.1, got something else (${code})`, 400);
  }
}

/** What Node answers before it makes a request of it. */
export function answerInPlaceOfNode(server: Server, known: KnownRoutes): void {
  server.on('checkExpectation', ({ url = '/', headers }: IncomingMessage, response: ServerResponse) => {
    const id = requestId(headers['x-request-id']);
    const got = JSON.stringify(headers.expect?.slice(0, 100));
    const error = bad(`expect: expected 100-continue or none, got ${got}`, 417);
    const path = url.split('?', 1)[0] ?? '';
    const { status, body } = sayInDialect(known.dialectNear(path), error, ownStatus(error), id, false);
    const text = JSON.stringify(body);
    const own = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text), 'x-request-id': id };
    // A body that was announced does not come: the connection cannot go on.
    response.writeHead(status, { ...own, connection: 'close' }).end(text);
  });
  server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => undefined);
    answerRaw(socket, bad('method: expected one of the routes at /docs, got CONNECT: this server is no proxy', 405));
  });
}

function bad(message: string, status: number): VoisinError {
  return new VoisinError('invalid_argument', message, { field: message.slice(0, message.indexOf(':')), http_status: status });
}
