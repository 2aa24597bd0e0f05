import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { statusOf } from '../src/api/http/errors.js';
import { documentedPath } from '../src/api/http/openapi.js';
import { routes } from '../src/api/http/routes.js';
import { errorCodes } from '../src/errors.js';
import { startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;
}

it('the OpenAPI document has every route, with its errors', async () => {
  const document: OpenApi = JSON.parse((await server.client.get('/openapi.json')).text);
  expect(document.openapi).toMatch(/^3\./);
  for (const route of routes) {
    const operation = document.paths[documentedPath(route.url)]?.[route.method.toLowerCase()];
    expect(operation, `${route.method} ${route.url}`).toBeDefined();
    const statuses = Object.keys(operation?.responses ?? {});
    expect(statuses).toEqual(expect.arrayContaining([String(route.status), '400', '500', '503']));
    if (route.open !== true) expect(statuses).toContain('401');
    if (route.url.includes(':index')) expect(statuses).toContain('404');
  }
  const text = JSON.stringify(document);
  expect(text).not.toContain('x-json');
  expect(text).not.toContain('"~');
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
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
