import { describe, expect, it } from 'vitest';
import { type JsonlRecord, readJsonl, type ReadJsonlOptions, writeJsonl } from './jsonl.js';
import { bytesOf, each, listOf, streamOf } from './streams.test-help.js';

async function read(text: string | Uint8Array, options?: ReadJsonlOptions, size = 3): Promise<JsonlRecord[]> {
  return (await listOf(readJsonl(streamOf(Buffer.from(text), size), options))).flat();
}

describe('readJsonl', () => {
  it('reads ids, values, metadata and texts, wherever the chunks are cut', async () => {
    const text = '{"id":"é😀","values":[0.1,-2],"metadata":{"a":"日本"},"text":"x"}\n{"text":"only text","id":"2"}\n';
    const expected = [
      { line: 1, id: 'é😀', values: Float32Array.of(0.1, -2), metadata: '{"a":"日本"}', text: 'x' },
      { line: 2, id: '2', metadata: '{}', text: 'only text' },
    ];
    for (let size = 1; size < 12; size++) expect(await read(text, {}, size)).toEqual(expected);
  });

  it('bears CRLF, empty lines, a byte order mark and a missing last newline, and counts all lines', async () => {
    const records = await read('\ufeff{"id":"a","values":[1]}\r\n\r\n  \n{"id":"b","values":[2]}');
    expect(records.map(({ line, id }) => [line, id])).toEqual([
      [1, 'a'],
      [4, 'b'],
    ]);
    expect(await read('')).toEqual([]);
    expect(await read('\n\r\n')).toEqual([]);
  });

  it('keeps __proto__ as a plain field of the metadata', async () => {
    const [record] = await read('{"id":"a","values":[1],"metadata":{"__proto__":{"x":1},"constructor":2}}');
    expect(record?.metadata).toBe('{"__proto__":{"x":1},"constructor":2}');
  });

  it('gives batches bounded in rows', async () => {
    const text = Array.from({ length: 7 }, (_, i) => `{"id":"${i}","values":[${i}]}`).join('\n');
    const batches = await listOf(readJsonl(streamOf(Buffer.from(text)), { batchRows: 3 }));
    expect(batches.map((batch) => batch.length)).toEqual([3, 3, 1]);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['text that is not JSON', '{"id":"a"', /^line 2 is not JSON/],
    ['a list', '[1,2]', /^line 2 must be an object with id, values, metadata, text; got \[1,2\]/],
    ['null', 'null', /^line 2 must be an object.*null/],
    ['no id', '{"values":[1]}', /^line 2 needs an id that is a string; got none/],
    ['a number as id', '{"id":7,"values":[1]}', /^line 2 needs an id.*got 7/],
    ['neither values nor text', '{"id":"a"}', /^line 2 has neither values nor text/],
    ['values that are no array', '{"id":"a","values":"AAAA"}', /^line 2 needs values that are an array/],
    ['a string among the values', '{"id":"a","values":[1,"2"]}', /^line 2 has "2" as values\[1\]/],
    ['null among the values', '{"id":"a","values":[null]}', /^line 2 has null as values\[0\]/],
    ['a value too large for float32', '{"id":"a","values":[1,2,1e39]}', /^line 2 has 1e\+39 as values\[2\]; accepted: a finite float32/],
    ['metadata that is a list', '{"id":"a","values":[1],"metadata":[]}', /^line 2 needs metadata that is an object/],
    ['a text that is a number', '{"id":"a","text":5}', /^line 2 needs a text/],
    ['an unknown field', '{"id":"a","values":[1],"vector":[1]}', /^line 2 has the unknown field "vector"; accepted: id, values/],
    ['__proto__ beside the id', '{"id":"a","values":[1],"__proto__":{}}', /^line 2 has the unknown field "__proto__"/],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /^line 2 is not UTF-8/],
    ['a line that is too long', `{"id":"${'x'.repeat(200)}","values":[1]}`, /^line 2 has more than 100 bytes/],
  ])('refuses %s and names the line', async (_, line, message) => {
    const good = Buffer.from('{"id":"good","values":[1]}\n');
    const stream = streamOf(Buffer.concat([good, Buffer.from(line), Buffer.from('\n'), good]));
    await expect(listOf(readJsonl(stream, { maxLineBytes: 100 }))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
      details: { line: 2 },
    });
    expect(stream.closed).toBe(true);
  });

  it('refuses an endless line as soon as it is too long', async () => {
    const stream = streamOf(Buffer.alloc(100_000, 'x'), 10);
    await expect(listOf(readJsonl(stream, { maxLineBytes: 100 }))).rejects.toMatchObject({
      message: expect.stringContaining('line 1 has more than 100 bytes'),
    });
    expect(stream.taken).toBeLessThan(200);
  });
});

describe('writeJsonl', () => {
  it('writes what readJsonl reads', async () => {
    const metadata: object = JSON.parse('{"__proto__":1,"ü":[true,null]}');
    const records = [
      { id: 'a\n"b"', values: Float32Array.of(0.1, 1 / 3), metadata, text: 'line\nbreak \u2028' },
      { id: '2', values: new Float32Array(0), metadata: {} },
    ];
    const bytes = await bytesOf(writeJsonl(each(records)));
    expect(bytes.toString().split('\n')[1]).toBe('{"id":"2","values":[],"metadata":{}}');
    const [first, second] = await read(bytes);
    expect(first).toEqual({ line: 1, ...records[0], metadata: '{"__proto__":1,"ü":[true,null]}' });
    expect(second).toEqual({ line: 2, ...records[1], metadata: '{}' });
  });

  it('writes in chunks of bounded size, taking records only as they are wanted', async () => {
    let taken = 0;
    async function* records() {
      for (; taken < 10_000; taken++) yield { id: String(taken), values: new Float32Array(100), metadata: {} };
    }
    const chunks = writeJsonl(records());
    const first = await chunks.next();
    expect(first.done).toBe(false);
    expect(taken).toBeLessThan(400);
    await chunks.return(undefined);
  });
});
