// voisin models convert: ONNX files from a model's weights.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readConfig, type Config } from '../../config/config.js';
import { environment, workingFolder } from '../../config/environment.js';
import { VoisinError } from '../../errors.js';
import { convertWeights, inHubCache, openModelLibrary } from '../../open-models.js';
import { readArguments } from './arguments.js';
import { showBytes } from './show.js';

export async function convert(argv: readonly string[]): Promise<number> {
  const { values, words } = readArguments(argv, { out: { type: 'string' }, json: { type: 'boolean' } }, ['MODEL or DIRECTORY']);
  const config = readConfig(environment());
  const { source, target } = await places(config, words[0] ?? '', values.out);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  try {
    const files = await convertWeights({ source, target, environment: config.convertEnvironment, signal: stop.signal });
    if (values.json) {
      process.stdout.write(`${JSON.stringify({ directory: target, files }, null, 2)}\n`);
      return 0;
    }
    for (const { file, bytes, outputs } of files) {
      process.stdout.write(`${join(target, file)}, ${showBytes(bytes)}\n`);
      for (const [name, { leastCosine, largestDifference, vectors }] of Object.entries(outputs)) {
        const differ = largestDifference.toExponential(1);
        process.stdout.write(
          `  ${name}: cosine to PyTorch's at least ${leastCosine.toFixed(8)}, values differ by ${differ} at most (${vectors} vectors)\n`,
        );
      }
    }
    return 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write('voisin models convert: stopped; files that were there before are as they were\n');
    return 130;
  }
}

/** A directory is converted where it lies; what is in the hub cache goes to MODELS_DIR, for the cache holds what the hub has. */
async function places(config: Config, nameOrDirectory: string, out: string | undefined): Promise<{ source: string; target: string }> {
  const from = workingFolder(environment());
  const directory = resolve(from, nameOrDirectory);
  if (await isDirectory(directory)) return { source: directory, target: out === undefined ? directory : resolve(from, out) };
  const cached = await inHubCache(config, nameOrDirectory);
  const known = (await openModelLibrary(config).list()).find(({ name, shortName }) => [name, shortName].includes(nameOrDirectory));
  const source = cached ?? known?.directory;
  if (source === undefined) {
    const advice = 'voisin models pull --weights MODEL brings its weights here';
    throw new VoisinError('not_found', `${nameOrDirectory} is neither a directory nor a model that is here; ${advice}`);
  }
  if (out !== undefined) return { source, target: resolve(from, out) };
  if (cached === undefined && known?.kind !== 'hub cache') return { source, target: source };
  if (config.modelsDir === config.bundledModelsDir) {
    throw new VoisinError('invalid_argument', '--out FOLDER is wanted, or MODELS_DIR: nothing of ours is written into the hub cache');
  }
  return { source, target: join(config.modelsDir, known?.name ?? nameOrDirectory) };
}

const isDirectory = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
