import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Browser, chromium, openBrowser } from './support/browser.js';
import { createUser, startVoisin, type Voisin } from './support/voisin.js';

describe('in a browser', () => {
  let browser: Browser;
  let server: Voisin;
  let accountKey: string;
  beforeAll(async () => {
    if (chromium === undefined) return;
    browser = await openBrowser(chromium);
    server = await startVoisin({ FAISS_PROXY_API_KEYS: 'k-page:pages', CORS_ORIGINS: browser.origin }, async (dataDir) => {
      accountKey = await createUser(dataDir, 'pro', {});
    });
  });
  beforeEach(({ skip }) => skip(chromium === undefined, 'Chromium is not installed (apt-get install chromium)'));
  afterAll(async () => {
    if (chromium === undefined) return;
    await server.stop();
    await browser.close();
  });

  it('embeds, stores, searches, and throws typed errors', async () => {
    const body = `
      const voisin = new client.VoisinClient({ url: settings.url, key: settings.key });
      const { embedding, tokens } = await voisin.embed('how to reset password');
      const done = [];
      const batch = await voisin.embedBatch(['one', 'two', 'three'], {}, { batchSize: 1, onProgress: (progress) => done.push(progress.done) });
      const index = await voisin.createIndex({ name: 'page', dimension: 2 });
      await index.add([{ id: 'a', values: Float32Array.of(1, 2) }, { id: 'b', values: [5, 6] }]);
      const hits = await index.search([5, 5], { k: 1 });
      const { values } = await index.get('a');
      const file = await new Response(await index.export()).text();
      const copy = await voisin.createIndex({ name: 'copy', dimension: 2 });
      const { imported } = await copy.import(new Blob([file]));
      const error = await voisin.embed('').catch((error) => error);
      const stranger = await new client.VoisinClient({ url: settings.url, key: 'wrong' }).embed('x').catch((error) => error);
      const aborted = await voisin.embed('x', {}, { signal: AbortSignal.abort('enough') }).catch((reason) => reason);
      return {
        kind: embedding.constructor.name, length: embedding.length, tokens, batch: batch.embeddings.length, done,
        nearest: hits[0].id, values: Array.from(values), imported, aborted,
        error: [error instanceof client.VoisinError, error.code, error.status, error.details.field, error.requestId !== undefined],
        stranger: [stranger.code, stranger.status],
      };`;
    expect(await browser.run(body, { url: server.url, key: 'k-page' })).toEqual({
      kind: 'Float32Array',
      length: 384,
      tokens: 4,
      batch: 3,
      done: [1, 2, 3],
      nearest: 'b',
      values: [1, 2],
      imported: 2,
      aborted: 'enough',
      error: [true, 'invalid_argument', 400, 'text', true],
      stranger: ['unauthenticated', 401],
    });
  }, 90_000);

  it('tells of an account, and makes, lists and revokes its keys', async () => {
    const body = `
      const voisin = new client.VoisinClient({ url: settings.url, key: settings.key });
      const { user, tier } = await voisin.account();
      const { id, key } = await voisin.createKey({ name: 'page' });
      await new client.VoisinClient({ url: settings.url, key }).embed('counted');
      const revoked = await voisin.revokeKey(id);
      const names = [];
      for await (const { name } of voisin.listKeys({ limit: 1 })) names.push(name);
      const used = [];
      for await (const { key_id, embeddings } of voisin.usage()) used.push([key_id === id, embeddings]);
      return { email: user.email, tier: tier.name, revoked: 'revoked_at' in revoked, names, used };`;
    expect(await browser.run(body, { url: server.url, key: accountKey })).toEqual({
      email: 'pro@example.com',
      tier: 'pro',
      revoked: true,
      names: ['first', 'page'],
      used: [[true, 1]],
    });
  }, 90_000);

  it('says that no answer came where the server allows the page nothing', async () => {
    const closed = await startVoisin({ FAISS_PROXY_API_KEYS: 'k-page:pages' });
    try {
      const body = `
        const voisin = new client.VoisinClient({ url: settings.url, key: 'k-page', retries: 0 });
        const error = await voisin.health().catch((error) => error);
        return [error instanceof client.VoisinError, error.code, error.status === undefined];`;
      expect(await browser.run(body, { url: closed.url })).toEqual([true, 'unavailable', true]);
    } finally {
      await closed.stop();
    }
  }, 90_000);
});
