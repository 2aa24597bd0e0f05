// The examples of the guide and the README, as they stand there: each prints what its comments say.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUser, startVoisin, type Voisin } from './support/voisin.js';

/** Inside the package, so that it finds `@voisin/client` as a program would that has installed it. */
const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const root = new URL('../../../../', import.meta.url);
const run = promisify(execFile);

/** For examples without a key, and for those with one: that of free@example.com, the one account. */
let open: Voisin;
let guarded: Voisin;
let key = '';
beforeAll(async () => {
  const prepare = async (dataDir: string): Promise<void> => {
    key = await createUser(dataDir, 'free', {});
  };
  [open, guarded] = await Promise.all([startVoisin(), startVoisin({}, prepare)]);
  await mkdir(folder, { recursive: true });
});
afterAll(async () => {
  await Promise.all([open.stop(), guarded.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const pages = await Promise.all(
  ['docs/client.md', 'packages/client/README.md'].map(async (page) => ({ page, text: await readFile(new URL(page, root), 'utf8') })),
);

describe.each(pages)('$page', ({ page, text }) => {
  const examples = [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, code = '']) => code);
  it.each(examples.map((code, i) => ({ number: i + 1, code })))('example $number prints what it says', async ({ number, code }) => {
    const server = code.includes('process.env.VOISIN_API_KEY') ? guarded : open;
    // The documents name the default address; the test's server has a free one.
    const program = code
      .replace("url: 'http://127.0.0.1:8000'", `url: '${server.url}'`)
      .replace('new VoisinClient()', `new VoisinClient({ url: '${server.url}' })`)
      .replace('new VoisinClient({ retries', `new VoisinClient({ url: '${server.url}', retries`);
    const file = `${folder}${page.replaceAll('/', '-')}-${number}.mjs`;
    await writeFile(file, program);
    const { stdout } = await run(process.execPath, [file], { env: { PATH: process.env['PATH'], VOISIN_API_KEY: key } });
    const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].flatMap(([, comment = '']) => comment.split(', then '));
    expect(stdout.trimEnd().split('\n')).toEqual(said);
  });
});
