import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
let index: string;
beforeAll(async () => {
  server = await startTestServer();
  index = await makeIndex(server.client);
});
afterAll(() => server.close());

const at = (id: string): string => `/v1/index/${index}/vectors/${encodeURIComponent(id)}`;
const add = (vectors: object[]) => server.client.post(`/v1/index/${index}/vectors`, { vectors });
const count = async (filter?: object): Promise<number> =>
  (await server.client.post(`/v1/index/${index}/vectors/count`, filter === undefined ? {} : { filter })).json.count;

describe('one vector', () => {
  it('is put, got, patched and deleted', async () => {
    const put = await server.client.put(at('one'), { values: [1, 2, 3], metadata: { a: 1, b: { c: 2 } } });
    expect([put.status, put.json]).toEqual([200, { id: 'one', created: true }]);
    expect((await server.client.put(at('one'), { values: [1, 2, 4], metadata: { a: 1, b: { c: 2 } } })).json.created).toBe(false);
    expect((await server.client.get(at('one'))).json).toEqual({ id: 'one', values: [1, 2, 4], metadata: { a: 1, b: { c: 2 } } });
    const patched = await server.client.patch(at('one'), { metadata: { a: null, b: { d: 3 } } });
    expect([patched.status, patched.json]).toEqual([200, { id: 'one', values: [1, 2, 4], metadata: { b: { c: 2, d: 3 } } }]);
    expect((await server.client.patch(at('one'), { values: [9, 9, 9] })).json).toMatchObject({
      values: [9, 9, 9],
      metadata: { b: { c: 2, d: 3 } },
    });
    expect((await server.client.delete(at('one'))).status).toBe(204);
    for (const answer of [await server.client.get(at('one')), await server.client.patch(at('one'), { values: [1, 2, 3] })]) {
      expect([answer.status, answer.json.error.code]).toEqual([404, 'not_found']);
    }
  });

  it('comes as short decimals, base64 or raw float32', async () => {
    const values = Float32Array.of(0.1, -1 / 3, 2.5e-30);
    await server.client.put(at('floats'), { values: [...values] });
    expect((await server.client.get(at('floats'))).text).toContain('"values":[0.1,-0.33333334,2.5e-30]');
    const base64 = (await server.client.get(`${at('floats')}?encoding_format=base64`)).json.values;
    expect(Buffer.from(String(base64), 'base64').equals(Buffer.from(values.buffer))).toBe(true);
    const raw = await server.client.get(at('floats'), undefined, { accept: 'application/octet-stream' });
    expect(raw.headers['content-type']).toBe('application/octet-stream');
    expect(raw.bytes.equals(Buffer.from(values.buffer))).toBe(true);
  });

  it.each([
    'a/b/../c',
    'slash/',
    'quo"te',
    "apo'strophe",
    'back\\slash',
    'with space',
    ' lead',
    'emoji 😀🇫🇷',
    '100%',
    '%2F',
    '%25',
    'a?b=c&d#e',
    'semi;colon',
    '+plus',
    '{"json":[1]}',
    '__proto__',
    'constructor',
    'été',
    'colon:id',
    '*',
    'x'.repeat(512),
    '日本'.repeat(85),
    'delete',
    'count',
    '.hidden',
    '~',
    '[0]',
    '<script>',
  ])('may be called %j', async (id) => {
    const added = await add([{ id, values: [1, 0, 0], metadata: { called: id } }]);
    expect([added.status, added.json]).toEqual([201, { success: true, added_count: 1, failed_count: 0 }]);
    expect((await server.client.get(at(id))).json).toEqual({ id, values: [1, 0, 0], metadata: { called: id } });
    expect((await server.client.put(at(id), { values: [2, 0, 0] })).json).toEqual({ id, created: false });
    expect((await server.client.patch(at(id), { metadata: { x: 1 } })).json.metadata).toEqual({ x: 1 });
    expect((await server.client.post(`/v1/index/${index}/search`, { vector: [2, 0, 0], filter: { x: 1 } })).json.results[0]?.id).toBe(id);
    expect((await server.client.delete(at(id))).status).toBe(204);
    expect((await server.client.get(at(id))).status).toBe(404);
  });

  it('keeps __proto__ and other odd names in its metadata as plain fields', async () => {
    const metadata = '{"__proto__":{"polluted":true},"constructor":"c","toString":1,"":"empty","deep":{"__proto__":null}}';
    const added = await server.client.post(
      `/v1/index/${index}/vectors`,
      `{"vectors":[{"id":"proto","values":[7,7,7],"metadata":${metadata}}]}`,
    );
    expect(added.status).toBe(201);
    expect((await server.client.get(at('proto'))).text).toContain(`"metadata":${metadata}`);
    const found = await server.client.post(`/v1/index/${index}/search`, '{"vector":[7,7,7],"k":1,"filter":{"__proto__.polluted":true}}');
    expect(found.text).toContain(`"metadata":${metadata}`);
    expect(Object.prototype).not.toHaveProperty('polluted');
    await server.client.delete(at('proto'));
  });
});

describe('many vectors', () => {
  it('replace those of the same id, and the last of one request wins', async () => {
    const added = await add([
      { id: 'twice', values: [1, 1, 1], metadata: { turn: 1 } },
      { id: 'twice', values: [2, 2, 2], metadata: { turn: 2 } },
    ]);
    expect(added.json).toEqual({ success: true, added_count: 2, failed_count: 0 });
    expect((await server.client.get(at('twice'))).json).toMatchObject({ values: [2, 2, 2], metadata: { turn: 2 } });
    await add([{ id: 'twice', values: [3, 3, 3] }]);
    expect((await server.client.get(at('twice'))).json).toEqual({ id: 'twice', values: [3, 3, 3], metadata: {} });
    await server.client.delete(at('twice'));
  });

  it('are counted and deleted by id and by filter', async () => {
    const before = await count();
    await add(Array.from({ length: 10 }, (_, i) => ({ id: `m${i}`, values: [i, 0, 0], metadata: { group: i < 6 ? 'low' : 'high', i } })));
    expect(await count()).toBe(before + 10);
    expect(await count({ group: 'low' })).toBe(6);
    const byId = await server.client.post(`/v1/index/${index}/vectors/delete`, { ids: ['m0', 'm1', 'm1', 'never'] });
    expect([byId.status, byId.json]).toEqual([200, { deleted_count: 2 }]);
    expect((await server.client.post(`/v1/index/${index}/vectors/delete`, { filter: { i: { $gte: 8 } } })).json).toEqual({
      deleted_count: 2,
    });
    expect(await count({ $or: [{ group: 'low' }, { group: 'high' }] })).toBe(6);
    expect(
      (await server.client.post(`/v1/index/${index}/vectors/delete`, { filter: { group: { $in: ['low', 'high'] } } })).json.deleted_count,
    ).toBe(6);
    expect(await count()).toBe(before);
  });

  it('of more than the in-place size are the same as small ones', async () => {
    const big = await makeIndex(server.client, { dimension: 64 });
    const values = (i: number): number[] => Array.from({ length: 64 }, (_, j) => Math.sin(i * 64 + j));
    const vectors = Array.from({ length: 1000 }, (_, i) => ({ id: `é${i}`, values: values(i), metadata: { i, '__p"': 'ü' } }));
    const added = await server.client.post(`/v1/index/${big}/vectors`, { vectors });
    expect(added.json).toEqual({ success: true, added_count: 1000, failed_count: 0 });
    const got = (await server.client.get(`/v1/index/${big}/vectors/${encodeURIComponent('é512')}`)).json;
    expect(got).toEqual({ id: 'é512', values: expect.any(Array), metadata: { i: 512, '__p"': 'ü' } });
    expect(Float32Array.from(got.values)).toEqual(Float32Array.from(values(512)));
  });

  it('may be none', async () => {
    expect((await add([])).json).toEqual({ success: true, added_count: 0, failed_count: 0 });
  });
});

describe('a bad vector', () => {
  it('does not fail its neighbours: it is counted and named', async () => {
    const answer = await server.client.post(
      `/v1/index/${index}/vectors`,
      '{"vectors":[{"id":"ok1","values":[1,2,3]},{"id":"short","values":[1]},{"id":"","values":[1,2,3]},{"id":"nan","values":[1,NaN,3]},{"id":"big","values":[1,2,1e39]},{"id":"ok2","values":[4,5,6]}]}',
    );
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ success: false, added_count: 2, failed_count: 4 });
    expect(answer.json.errors).toEqual([
      { position: 1, id: 'short', error: 'vectors[1].values: expected 3 values, the dimension of the index, got 1' },
      { position: 2, id: '', error: 'vectors[2].id: expected a string of 1 to 512 bytes, got an empty one' },
      { position: 3, id: 'nan', error: 'vectors[3].values[1]: expected a finite number that fits a float32, got NaN' },
      { position: 4, id: 'big', error: 'vectors[4].values[2]: expected a finite number that fits a float32, got 1e39' },
    ]);
    expect((await server.client.get(at('ok2'))).status).toBe(200);
    expect((await server.client.get(at('nan'))).status).toBe(404);
    await server.client.post(`/v1/index/${index}/vectors/delete`, { ids: ['ok1', 'ok2'] });
  });

  it('alone is a 400 with the same body', async () => {
    const answer = await add([
      { id: 'a', values: [1] },
      { id: 'b', values: [1, 2, 3, 4] },
    ]);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ success: false, added_count: 0, failed_count: 2, errors: [{ position: 0 }, { position: 1 }] });
    expect(answer.json.error).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('vectors[0].values') });
  });

  it('is a zero vector in a cosine index', async () => {
    const cosine = await makeIndex(server.client, { metric: 'cosine' });
    const answer = await server.client.post(`/v1/index/${cosine}/vectors`, {
      vectors: [
        { id: 'zero', values: [0, 0, 0] },
        { id: 'one', values: [1, 0, 0] },
      ],
    });
    expect([answer.status, answer.json.added_count, answer.json.errors[0]?.id]).toEqual([201, 1, 'zero']);
  });
});

describe('a search for ten thousand', () => {
  it('is whole and in order, alone and among several queries, and lets others be answered meanwhile', async () => {
    const { client } = server;
    const wide = await makeIndex(client);
    const rows = Array.from({ length: 10_000 }, (_, i) => ({ id: `row-${i}`, values: [i, 0, 0], metadata: { i, text: 'x'.repeat(200) } }));
    for (let start = 0; start < rows.length; start += 2500) {
      expect((await client.post(`/v1/index/${wide}/vectors`, { vectors: rows.slice(start, start + 2500) })).status).toBe(201);
    }
    const answered: string[] = [];
    const note = <T>(name: string, answer: Promise<T>): Promise<T> => answer.finally(() => answered.push(name));
    const search = note('search', client.post(`/v1/index/${wide}/search`, { vector: [0, 0, 0], k: 10_000 }));
    await Promise.all([search, note('health', client.get('/v1/health'))]);
    const hits = (await search).json.results;
    expect(hits.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(hits[1000]).toMatchObject({ distance: 1e6, metadata: rows[1000]?.metadata });
    expect(answered).toEqual(['health', 'search']);
    const { batch } = await client.post(`/v1/index/${wide}/search/batch`, { vectors: [[0, 0, 0], [9999, 0, 0]], k: 1000 }); // prettier-ignore
    expect(batch.map((list) => [list.length, list[0]?.id])).toEqual([
      [1000, 'row-0'],
      [1000, 'row-9999'],
    ]);
  });
});
