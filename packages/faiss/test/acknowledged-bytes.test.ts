import { once } from 'node:events';
import { openSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { acknowledgedBytes } from '../src/index.js';

const descriptorOf = (socket: Socket): number => Number(Object(Reflect.get(socket, '_handle')).fd);

test.runIf(process.platform === 'linux')(
  'bytes of a connection are counted as the other end takes them, in steps far below its buffers',
  async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const reader = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    const [writer]: Socket[] = await once(server, 'connection');
    if (writer === undefined) throw new Error('no connection');
    const taken = (): number => acknowledgedBytes(descriptorOf(writer)) ?? -1;
    const before = taken();
    writer.write(Buffer.alloc(2 ** 25));
    // Nobody reads: it rises to what the buffers hold, and then no more.
    let full = -1;
    for (let now = taken(); now !== full; now = taken()) {
      full = now;
      await pause(50);
    }
    expect(full).toBeGreaterThan(before);
    expect(full).toBeLessThan(2 ** 25);
    let read = 0;
    while (taken() === full) {
      const chunk: Buffer | null = reader.read(16 * 1024);
      read += chunk?.length ?? 0;
      await pause(1);
    }
    expect(read).toBeLessThan(2 ** 20);
    reader.destroy();
    writer.destroy();
    server.close();
  },
);

test('what is no TCP connection has no such count', () => {
  expect(acknowledgedBytes(openSync('/dev/null', 'r'))).toBeUndefined();
  expect(acknowledgedBytes(-1)).toBeUndefined();
  expect(() => acknowledgedBytes(1.5)).toThrow('descriptor must be a whole number');
});
