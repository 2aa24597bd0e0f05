import { readFileSync } from 'node:fs';
import { Compile } from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusOf } from '../src/api/http/errors.js';
import { documentedPath } from '../src/api/http/openapi.js';
import { routes } from '../src/api/http/routes.js';
import { errorCodes } from '../src/errors.js';
import type { Response } from './support/http-client.js';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
  readonly components: object;
}

type Responses = Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }>>;

it('the OpenAPI document has every route, with its errors', async () => {
  const document: OpenApi = JSON.parse((await server.client.get('/openapi.json')).text);
  expect(document.openapi).toMatch(/^3\./);
  for (const route of routes) {
    const operation = document.paths[documentedPath(route.url)]?.[route.method.toLowerCase()];
    expect(operation, `${route.method} ${route.url}`).toBeDefined();
    const statuses = Object.keys(operation?.responses ?? {});
    expect(statuses).toEqual(expect.arrayContaining([String(route.status), '400', '403', '500', '503']));
    if (route.stream !== 'import') expect(statuses).toContain('415');
    if (route.open !== true) expect(statuses).toContain('401');
    if (route.url.includes(':index')) expect(statuses).toContain('404');
  }
  const text = JSON.stringify(document);
  expect(text).not.toContain('x-json');
  expect(text).not.toContain('"~');
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('an answer is what the OpenAPI document says of its route:', () => {
  /** Throws where the document knows no such status or type, or has another shape for it. */
  async function expectDocumented(method: string, path: string, { status, headers, text }: Response, from = server): Promise<void> {
    const { paths, components }: OpenApi = JSON.parse((await from.client.get('/openapi.json')).text);
    const content = paths[path]?.[method.toLowerCase()]?.responses[status]?.content ?? {};
    const type = headers['content-type']?.split(';', 1)[0] ?? '';
    expect(Object.keys(content)).toContain(type);
    const schema = content[type]?.schema;
    if (type !== 'application/json' || schema === undefined) return;
    expect(Compile({ ...schema, components }).Errors(JSON.parse(text))).toEqual([true, []]);
  }

  const model_name = 'all-MiniLM-L6-v2';
  const long = 'word '.repeat(300);
  const embedding: readonly (readonly [path: string, body: object])[] = [
    ['/v1/embed', { text: long }],
    ['/v1/similarity', { texts: ['a'], against: [long, 'b'] }],
    ['/embed', { model_name, text: 'a' }],
    ['/embed', { inputs: ['a', 'b'] }],
    ['/embed/batch', { model_name, texts: ['a', long] }],
    ['/v1/embeddings', { model: model_name, input: ['a', long] }],
    ['/', { inputs: 'a' }],
  ];

  it.each(embedding)('POST %s, in each form', async (path, body) => {
    for (const encoding_format of ['float', 'base64']) {
      const answer = await server.client.post(path, { ...body, encoding_format });
      expect(answer.status).toBe(200);
      await expectDocumented('POST', path, answer);
    }
    await expectDocumented('POST', path, await server.client.post(path, body, { accept: 'application/octet-stream' }));
  });

  it.each(embedding)('POST %s, refused', async (path, body) => {
    const { client } = server;
    const refused = [
      // text-embeddings-inference has no such field, and ignores it.
      ...('inputs' in body ? [] : [await client.post(path, { ...body, encoding_format: 'hex' })]),
      await client.post(path, { ...body, dimensions: 1000 }),
      await client.post(path, JSON.stringify(body), { 'content-type': 'text/plain' }),
      await client.post(path, body, { origin: 'http://elsewhere.example' }),
    ];
    for (const answer of refused) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      await expectDocumented('POST', path, answer);
    }
  });

  it('a stored vector', async () => {
    const index = await makeIndex(server.client, { dimension: 2 });
    const path = `/v1/index/${index}/vectors`;
    await server.client.post(path, { vectors: [{ id: 'a', values: [1, 2] }] });
    for (const query of ['', '?encoding_format=base64']) {
      await expectDocumented('GET', '/v1/index/{index}/vectors/{id}', await server.client.get(`${path}/a${query}`));
    }
  });

  it('GET /metrics', async () => {
    const { client } = server;
    for (const accept of ['*/*', 'application/json']) {
      await expectDocumented('GET', '/metrics', await client.get('/metrics', undefined, { accept }));
    }
    const without = await startTestServer({ env: { ENABLE_METRICS: 'false' } });
    const off = await without.client.get('/metrics');
    expect(off.status).toBe(403);
    await expectDocumented('GET', '/metrics', off, without);
    await without.close();
  });
});

it('the page shows every route, needs no network and lets nothing foreign in', async () => {
  const page = await server.client.get('/docs');
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
  for (const route of routes) expect(page.text).toContain(documentedPath(route.url));
  for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[^"]*)"/g))
    expect([path, (await server.client.get(String(path))).status]).toEqual([path, 200]);
});

it('the welcome names the page', async () => {
  expect((await server.client.get('/')).json).toMatchObject({
    name: 'Voisin',
    docs: '/docs',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
  });
});

it('docs/rest.md has every route with its errors, and docs/errors.md every code with its status', () => {
  const read = (name: string): string => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
  const lines = read('rest.md').split('\n');
  for (const route of routes) {
    const name = `\`${route.method} ${documentedPath(route.url)}`;
    const line = lines.find((one) => one.startsWith(`| ${name}\``) || one.startsWith(`| ${name}?`));
    expect(line, name).toBeDefined();
    for (const code of route.errors ?? []) expect(line, `${name} ${code}`).toContain(String(statusOf[code]));
  }
  const errors = read('errors.md');
  for (const code of errorCodes) expect(errors).toMatch(new RegExp(`\\| \`${code}\` \\| ${statusOf[code]}\\b`));
});
