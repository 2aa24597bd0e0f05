// A TCP line to a server that can be made slow: what comes out of the server is held back.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export class SlowLine {
  /** So long every piece of an answer is held back, in milliseconds. */
  delay = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.pipe(far);
      let before = Promise.resolve();
      far.on('data', (bytes) => {
        before = before.then(async () => {
          if (this.delay > 0) await pause(this.delay);
          near.write(bytes);
        });
      });
      far.on('close', () => near.destroy());
    });
  }

  static async open(to: number): Promise<SlowLine> {
    const line = new SlowLine(to);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
