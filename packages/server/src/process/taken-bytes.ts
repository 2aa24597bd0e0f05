// How much of what was written to a connection its client has taken.
import type { Socket } from 'node:net';
import { acknowledgedBytes } from '@voisin/faiss';

/**
 * Bytes that the client's machine has acknowledged, which grow with every piece that the client reads. What a stream itself counts moves in steps
 * of megabytes, so that a client which reads 200 KB a second seems to read nothing for five.
 */
export function takenBytes(socket: Socket): number {
  const descriptor = descriptorOf(socket);
  const acknowledged = descriptor === undefined ? undefined : acknowledgedBytes(descriptor);
  return acknowledged ?? socket.bytesWritten - socket.writableLength;
}

/** Node has no public name for it. Undefined for a connection that is closed, and where it is no number. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const descriptor: unknown = typeof handle === 'object' && handle !== null && 'fd' in handle ? handle.fd : undefined;
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
}
