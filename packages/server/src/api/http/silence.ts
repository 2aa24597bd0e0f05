// Notices a connection on which nothing moves.

import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import { takenBytes } from '../../process/taken-bytes.js';

/**
 * Looks at a connection again and again, and calls `silent` when from one look to the next the client has neither taken nor sent a byte: after
 * once to twice the time. Any byte is progress, however slowly they move.
 * @param isWaiting whether it is the client's turn; when not, the server is what takes so long
 * @returns ends the watch
 */
export function watchSilence(socket: Socket, milliseconds: number, silent: () => void, isWaiting: () => boolean = () => true): () => void {
  let before = movedBytes(socket);
  const timer = setInterval(() => {
    const now = movedBytes(socket);
    if (now === before && isWaiting()) silent();
    before = now;
  }, milliseconds);
  return () => clearInterval(timer);
}

function movedBytes(socket: Socket): number {
  return takenBytes(socket) + socket.bytesRead;
}

/**
 * For streams, which may take as long as they move. A request whose client stops sending is answered with that; a connection on which nothing moves
 * even then, or whose client does not read, is cut.
 */
export function giveUpWhenSilent({ exchange, raw }: FastifyRequest, reply: FastifyReply, seconds: number): void {
  const { socket } = raw;
  const waitsForBody = (): boolean => !raw.complete && raw.readableLength === 0;
  const silent = (): void => {
    if (!waitsForBody() || exchange.isAborted) {
      socket.destroy();
      return;
    }
    if (!reply.sent) void reply.header('connection', 'close');
    exchange.abort(new VoisinError('deadline_exceeded', `the client sent nothing for ${seconds} s (STREAM_SILENCE)`));
  };
  exchange.watch(watchSilence(socket, seconds * 1000, silent, () => waitsForBody() || socket.writableLength > 0));
}
