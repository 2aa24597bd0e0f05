// Tokens are those of Hugging Face's own tokenizers in Python, over random text of all of Unicode.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonProblem, runPython } from './support/python.js';
import { startTestServer, type TestServer } from './support/server.js';
import { skipped } from './support/skipped.js';

const problem = await pythonProblem('tokenizers-reference');
const bundled = fileURLToPath(new URL('../../../../models/all-MiniLM-L6-v2/tokenizer.json', import.meta.url));
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers from 0 to below `most`. */
function randomFrom(start: number): (most: number) => number {
  let state = start;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

const words = [
  'the',
  'Straße',
  'naïve',
  'ΟΔΟΣ',
  '[SEP]',
  '［CLS］',
  '한국',
  'ｶﾞ',
  '👨\u200d👩',
  '\r\n',
  '中文',
  'e\u0301',
  '1.5',
  '<s>',
  '\u00a0',
];

function randomText(random: (most: number) => number): string {
  const character = (): string => {
    const code = random(3) === 0 ? random(0x3000) : random(0x110000);
    return code >= 0xd800 && code < 0xe000 ? 'x' : String.fromCodePoint(code);
  };
  const word = (): string =>
    random(2) === 0 ? (words[random(words.length)] ?? '') : Array.from({ length: 1 + random(6) }, character).join('');
  return `a${Array.from({ length: 1 + random(30) }, word).join(random(3) === 0 ? '' : ' ')}`;
}

describe.skipIf(problem !== undefined)(`beside Python's tokenizers (SEED=${seed})${skipped(problem)}`, () => {
  let server: TestServer;
  let folder: string;
  beforeAll(async () => {
    server = await startTestServer({ env: { MAX_BATCH_SIZE: '1000' } });
    folder = await mkdtemp(join(tmpdir(), 'voisin-texts-'));
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  it('random texts have the same tokens at the same places', async () => {
    const random = randomFrom(seed);
    const texts = Array.from({ length: 500 }, () => randomText(random));
    const file = join(folder, 'texts.json');
    await writeFile(file, JSON.stringify(texts));
    const expected: [number[], [number, number][]][] = JSON.parse(await runPython('tokenizers-reference', 'tokens.py', bundled, file));
    const { text } = await server.client.post('/tokenize', { inputs: texts, add_special_tokens: false });
    const lists: { id: number; start: number; stop: number }[][] = JSON.parse(text);
    expect(lists).toHaveLength(texts.length);
    for (const [position, [ids, offsets]] of expected.entries()) {
      const list = lists[position] ?? [];
      const shown = JSON.stringify(texts[position]);
      expect(
        list.map(({ id }) => id),
        shown,
      ).toEqual(ids);
      expect(
        list.map(({ start, stop }) => [start, stop]),
        shown,
      ).toEqual(offsets);
    }
  });
});
