// A client that writes bytes of its own making to a connection, for what no HTTP client would send.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawClient {
  readonly socket: Socket;
  /** What was received so far, while it is being read. */
  received(): string;
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
}

export interface RawOptions {
  /** Nothing of what the server sends is read. */
  readonly unread?: boolean;
  /** The client's own address, such as 127.0.0.2. */
  readonly from?: string;
}

export async function openRaw(url: string, bytes: string | Buffer, { unread = false, from }: RawOptions = {}): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ...(from === undefined ? {} : { localAddress: from }) });
  const chunks: Buffer[] = [];
  // A server that cuts a connection resets it: that is no failure of the test.
  socket.on('error', () => undefined);
  if (!unread) socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Not events.once: that rejects at a reset.
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  await once(socket, 'connect');
  if (bytes.length > 0) socket.write(bytes);
  return { socket, closed, received: () => Buffer.concat(chunks).toString() };
}

export function head(method: string, path: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
