// modules.json: the list of a sentence-transformers model's parts, and where each has its files.
import { isObject, type ModelFiles } from './model-files.js';

export interface Modules {
  /** Folder of config.json and the tokenizer, relative to the model's directory; '' is that directory. */
  readonly transformer: string;
  /** Undefined where the list or the model has none. */
  readonly pooling: string | undefined;
  readonly dense: readonly string[];
  readonly normalizes: boolean;
  /** The model's own list was read. */
  readonly listed: boolean;
}

/** In this order; Dropout does nothing after training. */
const order = ['Transformer', 'Pooling', 'Dense', 'Normalize'];

/** A model without the list is a bare transformer, with a pooling where 1_Pooling lies beside it. */
export async function readModules(files: ModelFiles): Promise<Modules> {
  if (!(await files.isFile('modules.json'))) {
    const dense = (await files.list('')).find((name) => /^\d+_Dense$/.test(name));
    if (dense !== undefined) throw files.broken('modules.json', `is missing, and ${dense} shows that there should be one`);
    const pooling = (await files.isFile('1_Pooling/config.json')) ? '1_Pooling' : undefined;
    return { transformer: '', pooling, dense: [], normalizes: false, listed: false };
  }
  const modules = (await readList(files)).filter(({ kind }) => kind !== 'Dropout');
  const paths = (kind: string): string[] => modules.filter((module) => module.kind === kind).map(({ path }) => path);
  const [transformer, ...others] = paths('Transformer');
  if (transformer === undefined) throw files.broken('modules.json', 'has no Transformer module');
  const pooling = paths('Pooling');
  const kinds = modules.map(({ kind }) => kind);
  const ordered = kinds.every((kind, at) => at === 0 || order.indexOf(kind) >= order.indexOf(kinds[at - 1] ?? kind));
  if (others.length > 0 || pooling.length > 1 || !ordered) {
    throw files.broken(
      'modules.json',
      `lists ${kinds.join(', ')}; one Transformer, one Pooling, Dense and Normalize are accepted, in this order`,
    );
  }
  return { transformer, pooling: pooling[0], dense: paths('Dense'), normalizes: kinds.includes('Normalize'), listed: true };
}

async function readList(files: ModelFiles): Promise<{ kind: string; path: string }[]> {
  const list = await files.json('modules.json');
  if (!Array.isArray(list)) throw files.broken('modules.json', 'must hold a JSON array of modules');
  return list.map((entry: unknown, position) => {
    const type = isObject(entry) ? entry['type'] : undefined;
    const path = isObject(entry) ? entry['path'] : undefined;
    if (typeof type !== 'string' || typeof path !== 'string') {
      throw files.broken('modules.json', `has a wrong module at position ${position}: "type" and "path" must be strings`);
    }
    if (path.startsWith('/') || path.split(/[/\\]/).includes('..')) {
      throw files.broken('modules.json', `has a module at position ${position} whose path ${JSON.stringify(path)} leads out of the model`);
    }
    const kind = type.slice(type.lastIndexOf('.') + 1);
    if (![...order, 'Dropout'].includes(kind)) {
      throw files.broken('modules.json', `has a module ${kind}; ${order.join(', ')} and Dropout are accepted`);
    }
    return { kind, path };
  });
}

export const inFolder = (folder: string, file: string): string => (folder === '' ? file : `${folder}/${file}`);
