// What a model needs, read from its own files in the layout of sentence-transformers.
import { brokenModel, isObject, ModelFiles, type JsonObject } from './model-files.js';

export type Pooling = 'mean' | 'cls';

/** What the files of a model say of it. */
export interface ModelDescription {
  /** The full name, as on the Hugging Face hub: `sentence-transformers/all-MiniLM-L6-v2`. */
  readonly name: string;
  readonly directory: string;
  /** The ONNX file, relative to the directory. */
  readonly onnxFile: string;
  readonly dimension: number;
  /** Most tokens that the model reads of one text, special tokens included. */
  readonly maxTokens: number;
  readonly pooling: Pooling;
  /** The model's own list of modules ends in a normalisation. */
  readonly normalizes: boolean;
  readonly padId: number;
}

const poolingFlags: Readonly<Record<string, Pooling>> = { pooling_mode_mean_tokens: 'mean', pooling_mode_cls_token: 'cls' };

/** Reads and checks everything but the tokenizer and the weights. Throws `failed_precondition` naming the file that is missing, cut or wrong. */
export async function readModelDirectory(name: string, directory: string): Promise<ModelDescription> {
  const files = new ModelFiles(name, directory);
  const config = await files.object('config.json');
  const modules = await readModules(files);
  const pooling = await readPooling(files, modules);
  const hidden = files.integer('config.json', config, 'hidden_size');
  const dimension = pooling.dimension ?? hidden;
  if (dimension === undefined) throw files.broken('config.json', 'has no "hidden_size"');
  if (hidden !== undefined && hidden !== dimension) {
    throw files.broken(pooling.file, `says ${dimension} dimensions where config.json says ${hidden}`);
  }
  if (!(await files.isFile('tokenizer.json'))) throw files.broken('tokenizer.json', 'is missing');
  return {
    name,
    directory,
    onnxFile: await findOnnxFile(files),
    dimension,
    maxTokens: await readMaxTokens(files, config, modules.transformer),
    pooling: pooling.mode,
    normalizes: modules.normalizes,
    padId: readPadId(config),
  };
}

interface Modules {
  readonly transformer: string;
  readonly pooling: string;
  readonly normalizes: boolean;
}

async function readModules(files: ModelFiles): Promise<Modules> {
  const list = await files.json('modules.json');
  if (!Array.isArray(list)) throw files.broken('modules.json', 'must hold a JSON array of modules');
  const modules = list.map((entry: unknown, position) => {
    const type = isObject(entry) ? entry['type'] : undefined;
    const path = isObject(entry) ? entry['path'] : undefined;
    if (typeof type === 'string' && typeof path === 'string') return { kind: type.slice(type.lastIndexOf('.') + 1), path };
    throw files.broken('modules.json', `has a wrong module at position ${position}: "type" and "path" must be strings`);
  });
  const unknown = modules.find(({ kind }) => !['Transformer', 'Pooling', 'Normalize'].includes(kind));
  if (unknown) throw files.broken('modules.json', `has a module ${unknown.kind}; Transformer, Pooling and Normalize are accepted`);
  const place = (kind: string): string => {
    const found = modules.find((module) => module.kind === kind);
    if (!found) throw files.broken('modules.json', `has no ${kind} module`);
    return found.path;
  };
  return { transformer: place('Transformer'), pooling: place('Pooling'), normalizes: modules.some(({ kind }) => kind === 'Normalize') };
}

const inFolder = (folder: string, file: string): string => (folder === '' ? file : `${folder}/${file}`);

async function readPooling(files: ModelFiles, modules: Modules): Promise<{ file: string; mode: Pooling; dimension: number | undefined }> {
  const file = inFolder(modules.pooling, 'config.json');
  const config = await files.object(file);
  const chosen = poolingModes(config);
  const mode = chosen[0];
  if (chosen.length !== 1 || (mode !== 'mean' && mode !== 'cls')) {
    throw files.broken(file, `asks for the pooling ${chosen.join(' + ') || 'none'}; mean and cls are accepted, one of them`);
  }
  return { file, mode, dimension: files.integer(file, config, 'word_embedding_dimension') };
}

/** Two dialects: `"pooling_mode": "cls"` and one boolean for each mode. */
function poolingModes(config: JsonObject): string[] {
  const mode = config['pooling_mode'];
  if (typeof mode === 'string') return [mode];
  if (Array.isArray(mode)) return mode.map(String);
  const flags = Object.keys(config).filter((key) => key.startsWith('pooling_mode_') && config[key] === true);
  return flags.map((flag) => poolingFlags[flag] ?? flag);
}

async function readMaxTokens(files: ModelFiles, config: JsonObject, transformer: string): Promise<number> {
  const sentences = inFolder(transformer, 'sentence_bert_config.json');
  const limits = [
    files.integer(sentences, await files.object(sentences), 'max_seq_length'),
    modelMaxLength(await files.object('tokenizer_config.json')),
    files.integer('config.json', config, 'max_position_embeddings'),
  ].filter((limit) => limit !== undefined);
  if (limits.length === 0) throw files.broken(sentences, 'has no "max_seq_length", and no other file limits the length');
  return Math.min(...limits);
}

/** Tokenizers without a limit carry the float 1e30, which is no length. */
function modelMaxLength(config: JsonObject): number | undefined {
  const value = config['model_max_length'];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function readPadId(config: JsonObject): number {
  const value = config['pad_token_id'];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** A directory of the hub may hold several exports of one model: the plain one comes first. */
async function findOnnxFile(files: ModelFiles): Promise<string> {
  const inOnnx = (await files.list('onnx')).filter((name) => /^model.*\.onnx$/.test(name)).map((name) => `onnx/${name}`);
  for (const file of ['onnx/model.onnx', 'model.onnx', ...inOnnx]) {
    if (await files.isFile(file)) return file;
  }
  throw brokenModel(files.model, 'onnx/model*.onnx', 'is missing, and so is model.onnx');
}
