// voisin models pull: a model from the hub into its cache.
import { SingleBar } from 'cli-progress';
import { readConfig } from '../../config/config.js';
import { environment } from '../../config/environment.js';
import { VoisinError } from '../../errors.js';
import { openModelLibrary } from '../../open-models.js';
import { readArguments } from './arguments.js';
import { showBytes } from './show.js';

const precisions = { fp32: ['fp32'], int8: ['int8'], all: ['fp32', 'int8'] } as const;

const isPrecision = (word: string): word is keyof typeof precisions => Object.hasOwn(precisions, word);

export async function pull(argv: readonly string[]): Promise<number> {
  const flags = { revision: { type: 'string' }, precision: { type: 'string', default: 'fp32' }, weights: { type: 'boolean' } } as const;
  const { values, words } = readArguments(argv, flags, ['MODEL']);
  const [name = ''] = words;
  const { precision, weights, revision } = values;
  if (!isPrecision(precision)) {
    throw new VoisinError('invalid_argument', `--precision: ${JSON.stringify(precision)} is none of ${Object.keys(precisions).join(', ')}`);
  }
  const library = openModelLibrary(readConfig(environment()));
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const show = progressBar();
  try {
    const wanted = weights ? 'weights' : precisions[precision];
    const directory = await library.pull({ name, revision, wanted, signal: stop.signal, onProgress: show.update });
    show.stop();
    process.stdout.write(`${name} is in ${directory}\n`);
    return 0;
  } catch (error) {
    show.stop();
    if (!stop.signal.aborted) throw error;
    process.stderr.write(`voisin models pull: stopped; what came is kept, and the next pull goes on from there\n`);
    return 130;
  }
}

interface Shown {
  readonly update: (progress: { readonly file: string; readonly received: number; readonly total: number }) => void;
  readonly stop: () => void;
}

/** A bar where somebody watches, a line a file elsewhere; on stderr, so that stdout has the directory alone. */
function progressBar(): Shown {
  if (!process.stderr.isTTY) {
    let last = '';
    return {
      update({ file, received, total }) {
        if (file !== last) process.stderr.write(`${file} (${showBytes(received)} of ${showBytes(total)} are here)\n`);
        last = file;
      },
      stop: () => undefined,
    };
  }
  const bar = new SingleBar({
    format: '[{bar}] {percentage}% of {size}, {eta_formatted} left, {file}',
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 50,
  });
  let started = false;
  return {
    update({ file, received, total }) {
      const fields = { file, size: showBytes(total) };
      if (started) bar.update(received, fields);
      else bar.start(total, received, fields);
      started = true;
    },
    stop: () => bar.stop(),
  };
}
