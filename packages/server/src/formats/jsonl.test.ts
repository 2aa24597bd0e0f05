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
