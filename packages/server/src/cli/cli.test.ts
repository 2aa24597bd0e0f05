import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nearest } from '../config/suggest.js';
import { parseDemoArguments } from './demo-arguments.js';
import { passagesOf } from './passages.js';
import { textFiles } from './text-files.js';
import { welcome } from './welcome.js';

describe('passages', () => {
  test('tell the line where they begin, and begin anew at a heading', () => {
    const text = '\n# One\n\nFirst paragraph.\n\n## Two\nSecond\nparagraph.\n';
    expect(passagesOf(text)).toEqual([
      { text: '# One\n\nFirst paragraph.', from: 2, to: 5 },
      { text: '## Two\nSecond\nparagraph.', from: 6, to: 9 },
    ]);
  });

  test('hold every word of a text, each no longer than a model reads', () => {
    const words = Array.from({ length: 5000 }, (_, i) => `w${i}`);
    for (const separator of [' ', '\n', '\n\n', '\r\n']) {
      const passages = passagesOf(words.join(separator));
      expect(passages.flatMap(({ text }) => text.split(/\s+/))).toEqual(words);
      expect(Math.max(...passages.map(({ text }) => text.length))).toBeLessThanOrEqual(1500);
      expect(passages.every(({ from, to }, i) => from <= to && from >= (passages[i - 1]?.from ?? 1))).toBe(true);
    }
  });

  test('a line without spaces is cut, and a text without letters has none', () => {
    expect(passagesOf('x'.repeat(3000)).map(({ text }) => text.length)).toEqual([450, 450, 450, 450, 450, 450, 300]);
    expect(passagesOf('---\n\n===\n')).toEqual([]);
    expect(passagesOf('')).toEqual([]);
  });
});

describe('the files of a folder', () => {
  async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'voisin-files-'));
    await work(folder).finally(() => rm(folder, { recursive: true }));
  }
  const list = async (folder: string) => {
    const paths: string[] = [];
    for await (const { path } of textFiles(folder)) paths.push(path);
    return paths;
  };

  test('are found below it; binary, hidden, empty and installed ones are not', async () => {
    await withFolder(async (folder) => {
      for (const name of ['sub/deep', 'node_modules', '.git']) await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, 'a.txt'), 'text');
      await writeFile(join(folder, 'sub/deep/é.md'), 'déjà');
      await writeFile(join(folder, 'zero.bin'), Buffer.from([65, 0, 66]));
      await writeFile(join(folder, 'latin1.txt'), Buffer.from([0xe9, 0x20, 0x41]));
      await writeFile(join(folder, 'empty.txt'), ' \n');
      await writeFile(join(folder, 'node_modules/x.md'), 'installed');
      await writeFile(join(folder, '.git/config'), 'hidden');
      expect(await list(folder)).toEqual(['a.txt', join('sub', 'deep', 'é.md')]);
    });
  });

  test('a folder that is missing and a file in its place are told apart', async () => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'file'), 'x');
      await expect(list(join(folder, 'none'))).rejects.toMatchObject({
        code: 'not_found',
        message: expect.stringContaining(join(folder, 'none')),
      });
      await expect(list(join(folder, 'file'))).rejects.toMatchObject({ code: 'invalid_argument' });
    });
  });
});

test('the demonstration takes a folder, relative to where the user stands, and a question', () => {
  expect(parseDemoArguments(['notes', '--question', 'why?'], '/home/x')).toEqual({
    folder: '/home/x/notes',
    ownDocuments: false,
    questions: ['why?'],
  });
  expect(parseDemoArguments(['--question=why?'], '/x')).toMatchObject({ ownDocuments: true, questions: ['why?'] });
  expect(parseDemoArguments(['--question', 'why?', '--question=how?'], '/x').questions).toEqual(['why?', 'how?']);
  for (const bad of [['--question'], ['--nope'], ['a', 'b']]) expect(() => parseDemoArguments(bad, '/x')).toThrow();
});

describe('the welcome', () => {
  const config = { keyless: true, apiKeys: [], dataDir: '/d', host: '127.0.0.1' };
  const told = (more: object) =>
    welcome({ version: '1', url: 'http://127.0.0.1:8000', createdKey: undefined, config, hasCurl: true, ...more });

  test('shows the address, the keys, the data and three commands', () => {
    const text = told({});
    expect(text).toContain('http://127.0.0.1:8000');
    expect(text).toContain('off');
    expect(text).toContain('/d');
    expect(text.match(/^ {2}(ID=\$\()?curl -s http/gm)).toHaveLength(3);
  });

  test('never shows a configured key, and shows a new one', () => {
    const keys = told({ config: { ...config, keyless: false, apiKeys: [{ key: 'seekrit', tenant: 't' }] } });
    expect(keys).not.toContain('seekrit');
    expect(keys).toContain('X-API-Key: KEY');
    const made = told({ createdKey: 'fe_x_y', config: { ...config, host: '0.0.0.0', keyless: false } });
    expect(made).toContain('X-API-Key: fe_x_y');
    expect(made).toContain('(listening on 0.0.0.0)');
  });
});

test('a mistyped word finds its neighbour, and a strange one finds none', () => {
  expect(nearest('srve', ['serve', 'demo'])).toBe('serve');
  expect(nearest('dmeo', ['serve', 'demo'])).toBe('demo');
  expect(nearest('elephant', ['serve', 'demo'])).toBeUndefined();
});
