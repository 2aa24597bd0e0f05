// Where models lie on this machine: each directory that has a list of modules or a tokenizer, named as on the Hugging Face hub.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type PlaceKind = 'folder' | 'hub cache' | 'bundled';

export interface ModelPlace {
  readonly name: string;
  readonly directory: string;
  /** Default folder. */
  readonly kind?: PlaceKind;
}

/** The bundled models lie in directories named by the last part of their names. */
const bundledNames: Readonly<Record<string, string>> = { 'all-MiniLM-L6-v2': 'sentence-transformers/all-MiniLM-L6-v2' };

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false;

const subdirectories = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => !entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name);
  return names.toSorted();
};

const isTextModel = async (directory: string): Promise<boolean> =>
  (await isFile(join(directory, 'modules.json'))) || (await isFile(join(directory, 'tokenizer.json')));

/** What is wrong with a folder that an operator named for models; undefined where nothing is. */
export async function folderProblem(folder: string): Promise<string | undefined> {
  try {
    await readdir(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return `the folder of models (MODELS_DIR) ${folder} is not there`;
    return `the folder of models (MODELS_DIR) ${folder} cannot be read (${String(code ?? error)})`;
  }
  if (!(await isTextModel(folder))) return undefined;
  return `the folder of models (MODELS_DIR) ${folder} is itself a model: the folder that this one lies in is wanted`;
}

/** Looks at `folder/model` and `folder/owner/model`. A folder that is not there holds no models. */
export async function findModels(folder: string, kind: PlaceKind = 'folder'): Promise<ModelPlace[]> {
  const places: ModelPlace[] = [];
  for (const first of await subdirectories(folder)) {
    const directory = join(folder, first);
    if (await isTextModel(directory)) {
      places.push({ name: bundledNames[first] ?? first, directory, kind });
      continue;
    }
    for (const second of await subdirectories(directory)) {
      const inner = join(directory, second);
      if (await isTextModel(inner)) places.push({ name: `${first}/${second}`, directory: inner, kind });
    }
  }
  return places;
}
