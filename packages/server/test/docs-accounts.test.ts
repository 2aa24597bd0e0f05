// docs/accounts.md as its reader goes through it: one example after another, with the keys that those before it printed.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultTiers, parseTiers } from '../src/config/tiers.js';
import { type Example, examplesIn } from './support/examples.js';
import { itAnswersAsPrinted, outputOf, shellProblem } from './support/run-example.js';
import { skipped } from './support/skipped.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';

const page = readFileSync(new URL('../../../../docs/accounts.md', import.meta.url), 'utf8');
/** What the page calls the keys, in the order in which it makes them. */
const keyNames = ['VOISIN_API_KEY', 'ANA_KEY', 'LAPTOP_KEY', 'PHONE_KEY'];

let folder: string;
let server: ServerProcess | undefined;
const env: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-docs-'));
  await mkdir(join(folder, 'bin'));
  await symlink(fileURLToPath(new URL('../../bin/voisin.js', import.meta.url)), join(folder, 'bin/voisin'));
  env['PATH'] = join(folder, 'bin') + delimiter + (process.env['PATH'] ?? '');
  env['FAISS_DATA_DIR'] = join(folder, 'data');
});
afterAll(async () => {
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

async function run(example: Example): Promise<string> {
  const output = await outputOf(example, server?.url ?? '', env);
  const [key] = /fe_[0-9a-f]{16}_[\w-]{48}/.exec(output) ?? [];
  const name = keyNames.find((one) => env[one] === undefined);
  if (key !== undefined && name !== undefined) env[name] = key;
  // The first user is made before the server is started.
  server ??= await startServerProcess({ dataDir: join(folder, 'data') });
  env['PORT'] = new URL(server.url).port;
  return output;
}

for (const example of examplesIn(page)) itAnswersAsPrinted(example, run);

it.skipIf(shellProblem)(`every key that the page speaks of was made${skipped(shellProblem)}`, () => {
  for (const [name] of page.matchAll(/\b[A-Z_]+_KEY\b/g)) expect(keyNames).toContain(name);
  expect(Object.keys(env)).toEqual(expect.arrayContaining(keyNames));
});

it('the table of tiers is what a server has, and the file of others can be read', () => {
  for (const { name, perMonth, perMinute, cacheHit } of defaultTiers.values()) {
    const [month, minute] = [perMonth, perMinute].map((count) => count.toLocaleString('en-US'));
    expect(page).toContain(`| \`${name}\` | ${month} | ${minute} | ${cacheHit} |`);
  }
  const [, file = ''] = /^```yaml\n([^]*?)^```$/m.exec(page) ?? [];
  expect([...parseTiers(file, 'the page').values()]).toEqual([
    { name: 'trial', perMonth: 1000, perMinute: 30, cacheHit: 0 },
    { name: 'team', perMonth: 500_000, perMinute: 3000, cacheHit: 0.1 },
  ]);
});
