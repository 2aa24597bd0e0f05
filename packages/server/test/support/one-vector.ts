// A server with one index of one vector, for tests of what is refused: that must change nothing.
import { expect } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './server.js';

export interface ServerWithOneVector extends TestServer {
  /** The index, of three dimensions; its vector is `kept`. */
  readonly index: string;
  expectUnchanged(): Promise<void>;
}

export async function startWithOneVector(env: Readonly<Record<string, string>> = {}): Promise<ServerWithOneVector> {
  const server = await startTestServer({ env });
  const index = await makeIndex(server.client);
  await server.client.post(`/v1/index/${index}/vectors`, { vectors: [{ id: 'kept', values: [1, 2, 3], metadata: { a: 1 } }] });
  const contents = async (): Promise<string> => {
    const paths = ['/v1/index', `/v1/index/${index}/vectors`, `/v1/index/${index}/vectors/kept`];
    return (await Promise.all(paths.map(async (path) => (await server.client.get(path)).text))).join('\n');
  };
  const before = await contents();
  return { ...server, index, expectUnchanged: async () => expect(await contents()).toBe(before) };
}
