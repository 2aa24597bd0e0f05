import { describe, expect, it } from 'vitest';
import { shortFloat } from './float-text.js';
import { writeJsonl } from './jsonl.js';
import { bytesOf, each } from './streams.test-help.js';

describe('writeJsonl', () => {
  it('writes lines that JSON.parse reads back to the same values, texts and fields', async () => {
    const metadata: object = JSON.parse('{"__proto__":1,"ü":[true,null]}');
    const records = [
      { id: 'a\n"b"', values: Float32Array.of(0.1, 1 / 3), metadata, text: 'line\nbreak \u2028' },
      { id: '2', values: new Float32Array(0), metadata: {} },
    ];
    const bytes = await bytesOf(writeJsonl(each(records)));
    expect(bytes.toString().split('\n')[1]).toBe('{"id":"2","values":[],"metadata":{}}');
    const lines: unknown[] = bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual(records.map((record) => ({ ...record, values: Array.from(record.values, shortFloat) })));
  });

  it('writes one line a vector for readers that end lines at any character that Unicode or Python knows as a line break', async () => {
    const breaks = '\n\r\u000b\u000c\u001c\u001d\u001e\u0085\u2028\u2029';
    const record = { id: `a${breaks}`, values: Float32Array.of(1), metadata: { [breaks]: `${breaks}\\u2028` }, text: breaks };
    const bytes = await bytesOf(writeJsonl(each([record, record])));
    const lines = bytes.toString().split(/\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/);
    expect(lines.map((line) => (line === '' ? undefined : JSON.parse(line)))).toEqual([
      { ...record, values: [1] },
      { ...record, values: [1] },
      undefined,
    ]);
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
