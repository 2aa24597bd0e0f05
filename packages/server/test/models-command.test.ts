// voisin models, run as a program against a hub on this machine.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HubServer } from '../src/embedding/models/hub-server.test-help.js';
import { runCommand, type Ended } from './support/command.js';

const source = fileURLToPath(new URL('../../test/models/bert-random-cls', import.meta.url));
const name = 'lab/bert-random-cls';

let hub: HubServer;
let home: string;
beforeAll(async () => {
  hub = await HubServer.start();
  home = await mkdtemp(join(tmpdir(), 'voisin-models-'));
  const paths = (await readdir(source, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = paths.map(({ parentPath, name: file }) => join(parentPath, file));
  const contents = await Promise.all(files.map(async (file) => [file.slice(source.length + 1), await readFile(file)] as const));
  hub.add({ name, commit: 'a'.repeat(40), files: Object.fromEntries(contents) });
  const weights = { 'config.json': Buffer.from('{}'), 'model.safetensors': Buffer.from('weights') };
  hub.add({ name: 'lab/weights', commit: 'b'.repeat(40), files: weights });
});
afterAll(async () => {
  await hub.close();
  await rm(home, { recursive: true });
});

const voisin = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  runCommand(['models', ...args], { HF_HOME: home, HF_ENDPOINT: hub.endpoint, ...env });

test('a model is pulled, listed, inspected and removed', async () => {
  const snapshot = join(home, 'hub/models--lab--bert-random-cls/snapshots', 'a'.repeat(40));
  const pulled = await voisin(['pull', name]);
  expect(pulled).toMatchObject({ code: 0, out: `${name} is in ${snapshot}\n`, err: expect.stringContaining('model.onnx (') });

  const listed = await voisin(['list']);
  expect(listed.code).toBe(0);
  expect(listed.out).toMatch(/^lab\/bert-random-cls +hub cache +32 +48 +cls +fp32$/m);
  expect(listed.out).toMatch(/^sentence-transformers\/all-MiniLM-L6-v2 +bundled +384 +256 +mean /m);

  const inspected = await voisin(['inspect', 'bert-random-cls', '--json']);
  expect(inspected.code).toBe(0);
  expect(JSON.parse(inspected.out)).toMatchObject({
    description: { name, directory: snapshot, prompts: { byName: { document: '' } } },
    trials: [{ precision: 'fp32', result: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) } }],
  });

  expect((await voisin(['pull', 'bert-random-cls'])).err).toContain(`${name} is here: did you mean that?`);
  expect(await voisin(['remove', 'bert-random-cls'])).toMatchObject({ code: 0, out: `${name} is removed from the hub cache\n` });
  expect(await voisin(['remove', name])).toMatchObject({ code: 1, err: expect.stringContaining(`no model "${name}"`) });
  expect((await voisin(['list'])).out).not.toContain('bert-random-cls');
});

test('weights without an ONNX file are inspected by the command that makes one', async () => {
  await voisin(['pull', 'lab/weights', '--weights']);
  expect(await voisin(['inspect', 'lab/weights'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('voisin models convert lab/weights'),
  });
});

test('a directory is inspected where it lies, and one that does not run is exit code 1', async () => {
  expect(await voisin(['inspect', source])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^fp32 +model\.onnx, 3\.8 MiB, runs, loaded in/m),
  });
  expect(await voisin(['inspect', home])).toMatchObject({ code: 1, err: expect.stringContaining('config.json is missing') });
});

test.each([
  [['pull', 'nobody/nothing'], {}, 1, 'there is no nobody/nothing at http://127.0.0.1'],
  [['pull', name], { HF_HUB_OFFLINE: '1' }, 1, 'HF_HUB_OFFLINE is set'],
  [['pull', name], { HF_TOKEN: 'hf_a\nhf_b' }, 2, 'voisin models: HF_TOKEN: a line break'],
  [['pull', name], { HF_HUB_CACHE: '/dev/null' }, 1, 'voisin models: the hub cache /dev/null cannot be written (ENOTDIR); HF_HUB_CACHE'],
  [['pull', name, '--precision', 'int4'], {}, 2, '"int4" is none of fp32, int8, all'],
  [['pull'], {}, 2, 'MODEL is wanted, nothing came'],
  [['remove', 'all-MiniLM-L6-v2'], {}, 1, 'it comes with the server'],
  [['lst'], {}, 2, 'did you mean list?'],
  [['list', '--yaml'], {}, 2, 'voisin models: unknown flag --yaml; accepted: --json'],
  [['list', '--models-dir', 'x'], {}, 2, 'unknown flag --models-dir; it is set by MODELS_DIR in the environment'],
  [['pull', name, '--revision'], {}, 2, 'voisin models: --revision needs a value'],
  [['pull', name, '--precison', 'int8'], {}, 2, 'unknown flag --precison; did you mean --precision?'],
])('%j says what is wrong', async (args, env, code, words) => {
  expect(await voisin(args, env)).toMatchObject({ code, err: expect.stringContaining(words) });
});
