import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Response } from './support/http-client.js';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
let index: string;
beforeAll(async () => {
  server = await startTestServer();
  index = await makeIndex(server.client, { dimension: 1 });
  await server.client.put(at('kept'), { values: [1], metadata: { n: 9007199254740991, x: 0.1 } });
});
afterAll(() => server.close());

const route = (rest: string): string => `/v1/index/${index}/${rest}`;
const at = (id: string): string => route(`vectors/${encodeURIComponent(id)}`);
const kept = async (): Promise<string> => (await server.client.get(route('export'))).text;
const messageOf = ({ json }: Response): string => json.errors?.[0]?.error ?? json.error.message;

/** Every way in for one vector with these metadata, and for one filter: JSON texts, as they are sent. */
const waysIn = (metadata: string) => [
  ['POST', route('vectors'), `{"vectors":[{"id":"new","values":[1],"metadata":${metadata}}]}`],
  ['PUT', at('new'), `{"values":[1],"metadata":${metadata}}`],
  ['PATCH', at('kept'), `{"metadata":${metadata}}`],
  ['POST', route('import'), `{"id":"new","values":[1],"metadata":${metadata}}\n`],
];
const waysToAsk = (filter: string) => [
  ['POST', route('search'), `{"vector":[1],"filter":${filter}}`],
  ['POST', route('search/batch'), `{"vectors":[[1]],"filter":${filter}}`],
  ['POST', route('vectors/count'), `{"filter":${filter}}`],
  ['POST', route('vectors/delete'), `{"filter":${filter}}`],
  ['GET', route(`search?vector=1&filter=${encodeURIComponent(filter)}`), undefined],
];

async function expectRefused(ways: (string | undefined)[][], field: string, reason: RegExp): Promise<void> {
  const before = await kept();
  for (const [method = '', path = '', body] of ways) {
    const answer = await server.client.send(method, path, body);
    expect([method, path, answer.status, messageOf(answer)]).toEqual([method, path, 400, expect.stringMatching(reason)]);
    expect(messageOf(answer)).toContain(`${field}: `);
    expect(answer.text).not.toContain('\ufffd');
  }
  expect(await kept()).toBe(before);
}

describe('numbers', () => {
  const numbers = [
    '9007199254740992', '9007199254740993', '-9223372036854775808', '18446744073709551615', '1e400', '1e-400', '1.0000000000000000001',
  ]; // prettier-ignore
  const reason = (number: string): RegExp =>
    new RegExp(`expected numbers that a double holds .*, got ${number.replaceAll('.', '\\.')} at byte \\d+; send it as a string`);

  it.each(numbers)('%s in metadata is refused wherever metadata come in, by place and reason', async (number) => {
    await expectRefused(waysIn(`{"n":${number}}`), 'metadata', reason(number));
    await expectRefused(waysIn(`{"a":"1e400","deep":[1,{"n":[ ${number} ]}]}`), 'metadata', reason(number));
  });

  it.each(numbers)('%s in a filter is refused wherever a filter comes in', async (number) => {
    for (const filter of [`{"n":${number}}`, `{"n":{"$gt":${number}}}`, `{"$not":{"n":{"$in":[1,${number}]}}}`])
      await expectRefused(waysToAsk(filter), 'filter', reason(number));
  });

  it('whose places are named by their bytes: in a body, in a line, in a query', async () => {
    const body = '{"values":[1],"metadata":{"n":9007199254740993}}';
    const place = (answer: Response): string | undefined => /at byte (\d+)/.exec(messageOf(answer))?.[1];
    expect(place(await server.client.put(at('new'), body))).toBe(String(body.indexOf('9007')));
    const line = '{"id":"new","values":[1],"metadata":{"n":9007199254740993}}';
    const imported = await server.client.post(route('import'), `\n${line}`);
    expect([messageOf(imported).split(':')[0], place(imported)]).toEqual(['line 2', String(line.indexOf('9007'))]);
    expect(place(await server.client.get(route('search?vector=1&filter={"n":1e400}')))).toBe('5');
  });

  it('that a double holds go in and come out, and are found', async () => {
    const own = await makeIndex(server.client, { dimension: 1 });
    const metadata = '{"a":9007199254740991,"b":-9007199254740991,"c":0.30000000000000004,"d":1e+300,"e":5e-324,"f":100000000000000000000}';
    await server.client.put(`/v1/index/${own}/vectors/a`, `{"values":[1],"metadata":${metadata}}`);
    expect((await server.client.get(`/v1/index/${own}/vectors/a`)).text).toContain(metadata);
    for (const filter of [
      '{"a":9007199254740991}',
      '{"a":{"$gt":9007199254740990}}',
      '{"c":0.30000000000000004000}',
      '{"f":{"$in":[1e20]}}',
    ]) {
      expect((await server.client.post(`/v1/index/${own}/vectors/count`, `{"filter":${filter}}`)).json.count).toBe(1);
    }
    const copy = await makeIndex(server.client, { dimension: 1 });
    const exported = await server.client.get(`/v1/index/${own}/export`);
    expect((await server.client.post(`/v1/index/${copy}/import`, exported.bytes)).json.imported).toBe(1);
    expect((await server.client.get(`/v1/index/${copy}/export`)).text).toBe(exported.text);
  });

  it('of a neighbour do not fail a vector', async () => {
    const own = await makeIndex(server.client, { dimension: 1 });
    const body = '{"vectors":[{"id":"a","values":[1]},{"id":"b","values":[1],"metadata":{"n":1e400}},{"id":"c","values":[1]}]}';
    const { status, json } = await server.client.post(`/v1/index/${own}/vectors`, body);
    expect([status, json['added_count'], json.errors]).toEqual([
      201,
      2,
      [{ position: 1, id: 'b', error: expect.stringMatching(/^vectors\[1\]\.metadata: .* got 1e400/) }],
    ]);
  });
});

describe('half a surrogate pair', () => {
  const reason = /expected whole characters, got half of a surrogate pair, \\u[dD]\w\w\w, at byte \d+/;

  it.each(['\\ud83d', '\\uDE00', '\\ude00\\ud83d', 'x\\ud83dy', '\\ud83d\\ud83d\\ude00'])('%s in metadata or a filter', async (half) => {
    await expectRefused(waysIn(`{"t":"${half}"}`), 'metadata', reason);
    await expectRefused(waysIn(`{"${half}":1}`), 'metadata', reason);
    await expectRefused(waysIn(`{"a":[{"b":["${half}"]}]}`), 'metadata', reason);
    await expectRefused(waysToAsk(`{"t":"${half}"}`), 'filter', reason);
    await expectRefused(waysToAsk(`{"t":{"$contains":"${half}"}}`), 'filter', reason);
    await expectRefused(waysToAsk(`{"${half}":{"$exists":true}}`), 'filter', reason);
  });

  it('in a text, an id, a name, and in what is embedded or looked for', async () => {
    const half = '"a\\ud83db"';
    const before = await kept();
    const ways: [method: string, path: string, body: string, field: string][] = [
      ['POST', route('vectors'), `{"vectors":[{"id":"new","values":[1],"text":${half}}]}`, 'vectors[0].text'],
      ['POST', route('vectors'), `{"vectors":[{"id":${half},"values":[1]}]}`, 'vectors[0].id'],
      ['POST', route('import'), `{"id":"new","values":[1],"text":${half}}`, 'line 1: text'],
      ['POST', route('import'), `{"id":${half},"values":[1]}`, 'line 1: id'],
      ['PUT', at('new'), `{"values":[1],"text":${half}}`, 'text'],
      ['PATCH', at('kept'), `{"text":${half}}`, 'text'],
      ['POST', route('vectors/delete'), `{"ids":["kept",${half}]}`, 'ids[1]'],
      ['POST', route('search'), `{"text":${half}}`, 'text'],
      ['POST', route('search/batch'), `{"texts":["a",${half}]}`, 'texts[1]'],
      ['POST', '/v1/index', `{"dimension":1,"name":${half}}`, 'name'],
      ['POST', '/v1/embed', `{"text":${half}}`, 'text'],
      ['POST', '/v1/similarity', `{"texts":["a",${half}]}`, 'texts[1]'],
      ['POST', '/embed/batch', `{"model_name":"all-MiniLM-L6-v2","texts":[${half}]}`, 'texts[0]'],
    ];
    for (const [method, path, body, field] of ways) {
      const answer = await server.client.send(method, path, body);
      expect([path, answer.status, messageOf(answer)]).toEqual([path, 400, expect.stringContaining(`${field}: expected `)]);
      expect(messageOf(answer)).toContain('half of a surrogate pair');
    }
    const openAi = await server.client.post('/v1/embeddings', `{"model":"all-MiniLM-L6-v2","input":[${half}]}`);
    expect([openAi.status, openAi.json.error.message]).toEqual([400, expect.stringMatching(reason)]);
    expect(await kept()).toBe(before);
  });

  it('beside its other half is a character like others', async () => {
    const own = await makeIndex(server.client, { dimension: 1 });
    const body = '{"values":[1],"metadata":{"\\ud83d\\ude00":"\\uD83D\\uDE00\\ud83d\\ude00"}}';
    expect((await server.client.put(`/v1/index/${own}/vectors/%F0%9F%98%80`, body)).status).toBe(200);
    const got = await server.client.get(`/v1/index/${own}/vectors/%F0%9F%98%80`);
    expect(got.json).toEqual({ id: '😀', values: [1], metadata: { '😀': '😀😀' } });
  });
});

describe('bytes that are no UTF-8', () => {
  it('fail the line of an import in which they are, and its neighbours go on', async () => {
    const own = await makeIndex(server.client, { dimension: 1 });
    const lines = Buffer.from('{"id":"M\xfcller","values":[1]}\n{"id":"M\xf6ller","values":[2]}\n', 'latin1');
    const all = await server.client.post(`/v1/index/${own}/import`, lines);
    expect([all.status, all.json.imported, all.json['failed']]).toEqual([400, 0, 2]);
    expect(all.json.errors.map(({ error }) => error)).toEqual([
      'line 1: expected UTF-8, got the byte 0xFC at byte 8',
      'line 2: expected UTF-8, got the byte 0xF6 at byte 8',
    ]);
    const mixed = Buffer.concat([Buffer.from('{"id":"Müller","values":[1]}\n'), lines, Buffer.from('\n{"id":"last","values":[1]}')]);
    const some = await server.client.post(`/v1/index/${own}/import`, mixed);
    expect([some.json.imported, some.json.errors.map(({ position }) => position)]).toEqual([2, [1, 2]]);
    expect((await server.client.get(`/v1/index/${own}/vectors`)).json.ids).toEqual(['Müller', 'last']);
  });

  it('fail a body by their place', async () => {
    const before = await kept();
    const body = Buffer.from('{"values":[1],"metadata":{"name":"M\xfcller"}}', 'latin1');
    for (const answer of [await server.client.put(at('new'), body), await server.client.patch(at('kept'), body)])
      expect([answer.status, answer.json.error.message]).toEqual([400, 'body: expected UTF-8, got the byte 0xFC at byte 35']);
    expect(await kept()).toBe(before);
  });
});
