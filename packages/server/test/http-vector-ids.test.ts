import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

/** Three bytes each. */
const longest = (bytes: number): string => '日'.repeat(Math.floor(bytes / 3)) + 'x'.repeat(bytes % 3);

describe.each([1, 10, 100, 1024, 4096])('with MAX_ID_BYTES=%i', (bytes) => {
  let server: TestServer;
  let index: string;
  beforeAll(async () => {
    server = await startTestServer({ env: { MAX_ID_BYTES: String(bytes) } });
    index = await makeIndex(server.client, { dimension: 1 });
  });
  afterAll(() => server.close());

  const route = (rest: string): string => `/v1/index/${index}/${rest}`;
  const at = (id: string): string => route(`vectors/${encodeURIComponent(id)}`);
  const ids = async () => (await server.client.get(route('vectors'))).json.ids;

  it('an id of that length goes in and out by every route', async () => {
    const id = longest(bytes);
    const { client } = server;
    const body = { values: [1], metadata: { a: 1 } };
    expect((await client.post(route('vectors'), { vectors: [{ id, ...body }] })).json['added_count']).toBe(1);
    expect((await client.get(at(id))).json).toEqual({ id, ...body });
    expect((await client.put(at(id), body)).json).toEqual({ id, created: false });
    expect((await client.patch(at(id), { metadata: { b: 2 } })).json.metadata).toEqual({ a: 1, b: 2 });
    expect((await client.post(route('search'), { vector: [1] })).json.results[0]?.id).toBe(id);
    expect(await ids()).toEqual([id]);
    expect((await client.delete(at(id))).status).toBe(204);
    const line = JSON.stringify({ id, values: [1] });
    expect((await client.post(route('import'), line)).json.imported).toBe(1);
    expect(JSON.parse((await client.get(route('export'))).text).id).toBe(id);
    expect((await client.post(route('vectors/delete'), { ids: [id] })).json['deleted_count']).toBe(1);
  });

  it('an id of a byte more is refused by every route', async () => {
    const id = `${longest(bytes)}y`;
    const { client } = server;
    const body = { values: [1] };
    const line = JSON.stringify({ id, values: [1] });
    const answers = [
      await client.post(route('vectors'), { vectors: [{ id, ...body }] }),
      await client.post(route('import'), line),
      await client.put(at(id), body),
      await client.patch(at(id), body),
      await client.get(at(id)),
      await client.delete(at(id)),
      await client.post(route('vectors/delete'), { ids: [longest(bytes), id] }),
    ];
    for (const { status, json } of answers) {
      const message = json.errors?.[0]?.error ?? json.error.message;
      expect([status, message]).toEqual([
        400,
        expect.stringMatching(new RegExp(`^.*id.*: expected at most ${bytes} bytes, got ${bytes + 1}$`)),
      ]);
    }
    expect(await ids()).toEqual([]);
  });

  it('rows of a file whose ids become too long are refused by name, and those before them are kept', async () => {
    const prefix = 'p'.repeat(bytes - 1);
    const rows = Array.from({ length: 12 }, (_, i) => {
      const row = Buffer.alloc(8);
      row.writeInt32LE(1);
      row.writeFloatLE(i === 3 || i === 11 ? NaN : i, 4);
      return row;
    });
    const { status, json } = await server.client.post(route(`import?format=fvecs&id_prefix=${prefix}`), Buffer.concat(rows));
    expect([status, json.imported, json['failed']]).toEqual([200, 9, 3]);
    expect(json.errors.map(({ position, error }) => [position, error])).toEqual([
      [3, 'row 3: values[0]: expected a finite number, got NaN'],
      [10, `row 10: id: expected at most ${bytes} bytes, got ${bytes + 1}`],
      [11, `row 11: id: expected at most ${bytes} bytes, got ${bytes + 1}`],
    ]);
    const none = await server.client.post(route(`import?format=fvecs&start=10&id_prefix=${prefix}`), Buffer.concat(rows));
    expect([none.status, none.json.error.message]).toEqual([400, `id_prefix: expected at most ${bytes} bytes, got ${bytes + 1}`]);
    expect((await server.client.post(route('vectors/delete'), { filter: {} })).json['deleted_count']).toBe(9);
  });
});
