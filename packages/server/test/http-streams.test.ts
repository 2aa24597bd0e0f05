import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { MAX_BODY_MB: '1' } });
});
afterAll(() => server.close());

const dimension = 16;
const rows = (count: number): number[][] =>
  Array.from({ length: count }, (_, i) => Array.from({ length: dimension }, (_, j) => Math.fround(Math.sin(i * dimension + j))));
const path = (index: string, rest: string): string => `/v1/index/${index}/${rest}`;

describe('JSON lines', () => {
  it('go in and come out the same, past the bound of a body', async () => {
    const index = await makeIndex(server.client, { dimension });
    const lines = rows(6000).map((values, i) => JSON.stringify({ id: `ü${i}`, values, metadata: { i, s: '"\n' } }));
    const body = `${lines.join('\n')}\n`;
    expect(body.length).toBeGreaterThan(1024 * 1024);
    const answer = await server.client.post(path(index, 'import?format=jsonl'), body, { 'content-type': 'application/x-ndjson' });
    expect([answer.status, answer.json]).toEqual([200, { done: true, imported: 6000, failed: 0 }]);
    const out = await server.client.get(path(index, 'export?format=jsonl'));
    expect(out.headers['content-type']).toContain('application/x-ndjson');
    const records = out.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map(({ id }) => id)).toEqual(lines.map((_, i) => `ü${i}`));
    expect(records[5999].metadata).toEqual({ i: 5999, s: '"\n' });
    expect(records.map(({ values }) => values.map(Math.fround))).toEqual(rows(6000));
    const copy = await makeIndex(server.client, { dimension });
    expect((await server.client.post(path(copy, 'import'), out.bytes)).json.imported).toBe(6000);
    expect((await server.client.get(path(copy, 'export'))).text).toBe(out.text);
  });

  it('that are bad are named by their line, and the others are kept', async () => {
    const index = await makeIndex(server.client, { dimension: 1 });
    const body =
      '{"id":"a","values":[1]}\n\nnot json\n{"id":"","values":[1]}\n{"id":"b","values":[1,2]}\n{"id":"c","values":[2],"x":1}\n{"id":"d","values":[4]}';
    const answer = await server.client.post(path(index, 'import'), body);
    expect([answer.status, answer.json.imported, answer.json.failed]).toEqual([200, 2, 4]);
    expect(answer.json.errors.map(({ error }: { error: string }) => error.split(' ').slice(0, 3).join(' '))).toEqual([
      'line 3: not',
      'line 4: id:',
      'line 5: values:',
      'line 6: x:',
    ]);
    expect((await server.client.get(path(index, 'vectors'))).json.ids).toEqual(['a', 'd']);
  });

  it('may come from Windows: a byte order mark, and CR LF', async () => {
    const index = await makeIndex(server.client, { dimension: 1 });
    const body = '\uFEFF{"id":"a","values":[1]}\r\n\r\n{"id":"b","values":[2]}\r\n';
    expect((await server.client.post(path(index, 'import'), body)).json).toEqual({ done: true, imported: 2, failed: 0 });
  });

  it('tell their progress line by line to who asks for it', async () => {
    const index = await makeIndex(server.client, { dimension });
    const body = rows(3000)
      .map((values, i) => JSON.stringify({ id: String(i), values }))
      .join('\n');
    const answer = await server.client.post(path(index, 'import'), body, { accept: 'application/x-ndjson' });
    expect(answer.headers['content-type']).toContain('application/x-ndjson');
    const steps = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(steps.at(-1)).toEqual({ done: true, imported: 3000, failed: 0 });
  });
});

describe('.npy and .fvecs', () => {
  const values = Float32Array.from(rows(50).flat());

  it.each(['npy', 'fvecs'])('%s goes in with row numbers as ids and comes out the same', async (format) => {
    const first = await makeIndex(server.client, { dimension });
    const file = format === 'npy' ? npy(values) : fvecs(values);
    const answer = await server.client.post(path(first, `import?format=${format}&id_prefix=row-&start=100`), file, {
      'content-type': 'application/octet-stream',
    });
    expect([answer.status, answer.json]).toEqual([200, { done: true, imported: 50, failed: 0 }]);
    expect((await server.client.get(path(first, 'vectors/row-149'))).json.values.map(Math.fround)).toEqual([
      ...values.subarray(49 * dimension),
    ]);
    const out = await server.client.get(path(first, `export?format=${format}`));
    expect(out.headers['content-disposition']).toContain(`.${format}"`);
    const second = await makeIndex(server.client, { dimension });
    expect((await server.client.post(path(second, `import?format=${format}`), out.bytes)).json.imported).toBe(50);
    expect((await server.client.get(path(second, 'vectors/0'))).json.values.map(Math.fround)).toEqual([...values.subarray(0, dimension)]);
  });

  it('of another dimension, cut, or with NaN say where', async () => {
    const index = await makeIndex(server.client, { dimension: 3 });
    const wrong = await server.client.post(path(index, 'import?format=npy'), npy(values));
    expect([wrong.status, wrong.json.error.message]).toEqual([400, expect.stringContaining('rows of 16 values')]);
    const other = await makeIndex(server.client, { dimension });
    const cut = await server.client.post(path(other, 'import?format=fvecs'), fvecs(values).subarray(0, 1000));
    expect([cut.status, cut.json.error.message]).toEqual([400, expect.stringContaining('is cut')]);
    const holes = values.slice();
    holes[dimension * 7 + 2] = Number.NaN;
    const named = await server.client.post(path(other, 'import?format=npy'), npy(holes));
    expect([named.status, named.json.imported, named.json.errors[0]?.error]).toEqual([
      200,
      49,
      'row 7: values[2]: expected a finite number, got NaN',
    ]);
  });
});

describe('rows of a file that are no vectors of float32', () => {
  const values = Float64Array.from(rows(30).flat());
  const reasons = async (format: string, file: Buffer): Promise<unknown> => {
    const index = await makeIndex(server.client, { dimension });
    const { status, json } = await server.client.post(path(index, `import?format=${format}`), file);
    expect([status, json.imported, json['failed']]).toEqual([200, 27, 3]);
    expect((await server.client.get(path(index, 'vectors?limit=100'))).json.ids).not.toContain('row-7');
    expect((await server.client.get(path(index, `vectors/29`))).json.values.map(Math.fround)).toEqual([...Float32Array.from(values.subarray(29 * dimension))]); // prettier-ignore
    return json.errors.map(({ position, error }) => [position, error]);
  };
  const withBad = (large: number): Float64Array => {
    const bad = values.slice();
    bad.set([NaN, 1], 3 * dimension + 5);
    bad.set([-Infinity, NaN], 7 * dimension);
    bad.set([large], 28 * dimension + 15);
    return bad;
  };
  const expected = (last: string) => [
    [3, 'row 3: values[5]: expected a finite number, got NaN'],
    [7, 'row 7: values[0]: expected a finite number, got -Infinity'],
    [28, `row 28: values[15]: expected ${last}`],
  ];

  it('are refused alone, whatever the format: a float64 over float32, NaN, infinities', async () => {
    const wide = withBad(-1e39);
    const header = npyHeader('<f8', wide.length / dimension, dimension);
    const file = Buffer.concat([header, Buffer.from(wide.buffer)]);
    expect(await reasons('npy', file)).toEqual(expected('a number that fits a float32, got -1e+39'));
    const narrow = Float32Array.from(withBad(Infinity));
    expect(await reasons('npy', npy(narrow))).toEqual(expected('a finite number, got Infinity'));
    expect(await reasons('fvecs', fvecs(narrow))).toEqual(expected('a finite number, got Infinity'));
  });

  it('are refused alone in JSON lines and bodies too', async () => {
    const index = await makeIndex(server.client, { dimension: 1 });
    const values = ['1', '1e39', '2', '-1e400', 'NaN', 'null', '3'];
    const vectors = values.map((value, i) => `{"id":"${i}","values":[${value}]}`);
    const imported = await server.client.post(path(index, 'import'), vectors.join('\n'));
    const added = await server.client.post(path(index, 'vectors'), `{"vectors":[${vectors.join(',')}]}`);
    for (const { json } of [imported, added]) {
      expect(json.errors.map(({ position, error }) => [position, error.replace(/^.*, got /, '')])).toEqual([
        [1, '1e39'],
        [3, '-1e400'],
        [4, 'NaN'],
        [5, 'null'],
      ]);
    }
    expect([imported.json.imported, added.json['added_count']]).toEqual([3, 3]);
  });
});

describe('an export of JSON lines', () => {
  const breaks = '\u000b\u000c\u001c\u001d\u001e\u0085\u2028\u2029';
  const anyBreak = /\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/;

  it('has one line a vector for every reader, and so has the progress of an import', async () => {
    const index = await makeIndex(server.client, { dimension: 1 });
    const vectors = ['a\u2028', 'b\u2029'].map((id) => ({ id, values: [1], metadata: { [breaks]: breaks } }));
    expect((await server.client.post(path(index, 'vectors'), { vectors })).status).toBe(201);
    const { text } = await server.client.get(path(index, 'export'));
    expect(text.trimEnd().split(anyBreak).map((line) => JSON.parse(line))).toEqual(vectors); // prettier-ignore
    const wrong = `${JSON.stringify({ id: 'c\u2028', values: [1, 2] })}\n`;
    const told = await server.client.post(path(index, 'import'), wrong, { accept: 'application/x-ndjson' });
    const steps = told.text.trimEnd().split(anyBreak).map((line) => JSON.parse(line)); // prettier-ignore
    expect(steps.at(-1)).toMatchObject({ done: true, failed: 1, errors: [{ id: 'c\u2028' }] });
  });
});

describe('an .npy export', () => {
  it('whose index changes meanwhile is cut by closing the connection, so that nobody takes it for whole', async () => {
    // More than the sockets hold: most of it is read after the deletion.
    const [columns, count] = [4096, 2000];
    const index = await makeIndex(server.client, { dimension: columns });
    await server.client.post(path(index, 'import?format=npy'), npy(new Float32Array(columns * count), columns));
    const { hostname, port } = new URL(server.http.url);
    const outgoing = request({ hostname, port, path: path(index, 'export?format=npy') });
    outgoing.end();
    const [response]: IncomingMessage[] = await once(outgoing, 'response');
    expect(response?.statusCode).toBe(200);
    await server.client.delete(path(index, `vectors/${count - 1}`));
    const read = async (): Promise<number> => {
      let bytes = 0;
      for await (const chunk of response ?? []) bytes += chunk.length;
      return bytes;
    };
    await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a stream that is refused', () => {
  it('is answered although the client still sends, and the connection goes on', async () => {
    const index = await makeIndex(server.client, { dimension: 3 });
    const long = npy(new Float32Array(dimension * 500_000));
    const wrong = await server.client.post(path(index, 'import?format=npy'), long);
    expect([wrong.status, wrong.json.error.message]).toEqual([400, expect.stringContaining('rows of 16 values')]);
    expect((await server.client.post(path('nope', 'import?format=npy'), long)).status).toBe(404);
    const lines = Buffer.alloc(20 * 1024 * 1024, 'x');
    expect((await server.client.post(path(index, 'import'), lines)).json.error.message).toContain('line: expected at most');
    expect((await server.client.get(path(index, 'vectors'))).json.ids).toEqual([]);
  });

  it('in the middle says how much of it was kept', async () => {
    const index = await makeIndex(server.client, { dimension });
    const cut = fvecs(Float32Array.from(rows(3000).flat())).subarray(0, -10);
    const answer = await server.client.post(path(index, 'import?format=fvecs'), cut);
    expect([answer.status, answer.json.error.details.imported]).toEqual([400, 2999]);
    const told = await server.client.post(path(index, 'import?format=fvecs'), cut, { accept: 'application/x-ndjson' });
    expect(JSON.parse(told.text.trimEnd().split('\n').at(-1) ?? '').error.message).toContain('the 2999 vectors before it were kept');
  });
});

function npy(data: Float32Array, columns = dimension): Buffer {
  return Buffer.concat([npyHeader('<f4', data.length / columns, columns), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

function npyHeader(type: string, rows: number, columns: number): Buffer {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`.padEnd(117);
  return Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text}\n`, 'latin1');
}

function fvecs(data: Float32Array): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length; at += dimension) {
    const size = Buffer.alloc(4);
    size.writeInt32LE(dimension);
    parts.push(size, Buffer.from(data.slice(at, at + dimension).buffer));
  }
  return Buffer.concat(parts);
}
