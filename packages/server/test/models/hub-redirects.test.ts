// A hub may send clients on to where its files lie, but not into the network of this server.
import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HubClient } from '../../src/embedding/models/hub-client.js';

/** An address of a network for documentation, given to the loopback device: to the client it is one of the internet. */
const publicAddress = '203.0.113.77';
const ip = (verb: 'add' | 'del'): boolean => spawnSync('ip', ['address', verb, `${publicAddress}/32`, 'dev', 'lo']).status === 0;
const isGiven = ip('add');

describe('redirects of the hub', () => {
  const servers: Server[] = [];
  const asked: IncomingMessage[] = [];
  const portOf = (server: Server): number => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  };
  let target = '';

  beforeAll(async () => {
    for (const host of isGiven ? ['127.0.0.1', publicAddress] : ['127.0.0.1']) {
      const server = createServer((request, response) => {
        asked.push(request);
        if (request.url?.startsWith('/there') === true) response.end('bytes');
        else response.writeHead(302, { location: target }).end();
      });
      await new Promise<void>((resolve) => server.listen(0, host, resolve));
      servers.push(server);
    }
  });
  afterAll(async () => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    if (isGiven) ip('del');
  });
  const get = (endpoint: string): Promise<Response> =>
    new HubClient({ endpoint, token: 'hf_secret' }).bytes('a/b', '0'.repeat(40), 'model.onnx', 0, AbortSignal.timeout(10_000));
  const local = (): string => `http://127.0.0.1:${portOf(servers[0] ?? createServer())}`;

  it('are followed within the network of a hub that is there itself, and the token stays with the hub', async () => {
    target = `${local().replace('127.0.0.1', 'localhost')}/there`;
    asked.length = 0;
    expect(await (await get(local())).text()).toBe('bytes');
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer hf_secret', undefined]);
    target = '/there';
    asked.length = 0;
    expect(await (await get(local())).text()).toBe('bytes');
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer hf_secret', 'Bearer hf_secret']);
  });

  it.each(['file:///etc/passwd', 'ftp://example.org/x'])('to %s are refused', async (where) => {
    target = where;
    await expect(get(local())).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('not http') });
  });

  it('that go round in a circle end', async () => {
    target = '/here';
    await expect(get(local())).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('more than 10 times') });
  });

  it.skipIf(!isGiven)(
    'from a public hub to a private address are refused, whatever the name (run where ip address add is allowed)',
    async () => {
      const hub = `http://${publicAddress}:${portOf(servers[1] ?? createServer())}`;
      for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '[::ffff:127.0.0.1]']) {
        target = `http://${host}:${portOf(servers[0] ?? createServer())}/there`;
        asked.length = 0;
        await expect(get(hub), host).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('HF_ENDPOINT') });
        expect(asked.length).toBe(1);
      }
      target = `${hub}/there`;
      expect(await (await get(hub)).text()).toBe('bytes');
    },
  );
});
