// What stands between a client and a server on a bad day: passes requests on, and answers some itself, or breaks them.

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request in place of the server's answer; undefined lets it pass. */
export type Fault = 'cut' | 'lose-answer' | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Relay {
  readonly url: string;
  /** Every request that came. */
  readonly seen: readonly Seen[];
  stop(): Promise<void>;
}

/** @param faultOf decides for each request, counted from 0 */
export async function startRelay(target: string, faultOf: (count: number, seen: Seen) => Fault | undefined): Promise<Relay> {
  const seen: Seen[] = [];
  const server = createServer((incoming, answer) => {
    void (async () => {
      const body = Buffer.concat(await incoming.toArray());
      const { method = '', url: path = '', headers } = incoming;
      const one = { method, path, headers, body: body.toString() };
      seen.push(one);
      const fault = faultOf(seen.length - 1, one);
      if (fault === 'cut') return void incoming.socket.destroy();
      if (fault !== undefined && fault !== 'lose-answer') {
        return void answer.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(fault.body ?? '');
      }
      pass(target, incoming, body, answer, fault === 'lose-answer');
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function pass(target: string, { method, url, headers }: IncomingMessage, body: Buffer, answer: ServerResponse, lose: boolean): void {
  const { hostname, port } = new URL(target);
  const outgoing = request({ hostname, port, path: url, method, headers: { ...headers, connection: 'close' } }, (incoming) => {
    if (lose) return void incoming.resume().on('end', () => answer.destroy());
    answer.writeHead(incoming.statusCode ?? 502, incoming.headers);
    incoming.pipe(answer);
  });
  outgoing.on('error', () => answer.destroy());
  outgoing.end(body);
}
