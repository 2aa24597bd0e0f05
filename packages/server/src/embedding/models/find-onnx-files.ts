// A directory may hold several exports of one model: the plainest one is taken for each precision.
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Precision } from '../types.js';
import { brokenModel, type ModelFiles } from './model-files.js';
import type { OnnxOutline } from './onnx-outline.js';
import { inFolder } from './read-modules.js';

// Names as the exporters of sentence-transformers, Optimum, transformers.js and fastembed give them.
const plain = ['model', 'model_compact', 'model_optimized', 'model_O1', 'model_O2', 'model_O3', 'model_fp16', 'model_O4'];
const int8 = ['model_int8', 'model_quantized', 'model_quint8_avx2', 'model_qint8_avx512', 'model_qint8_avx512_vnni', 'model_uint8'];
const isInt8 = /int8|quantized/;
const isOther = /q4|bnb4|arm64/;

/** Of these paths (`onnx/model*.onnx`, `model*.onnx`), the one to run at each precision. */
export function chooseOnnxFiles(paths: readonly string[]): Partial<Record<Precision, string>> {
  const named = paths.map((path) => ({ path, name: /^(?:onnx\/)?(model[^/]*)\.onnx$/.exec(path)?.[1] }));
  const first = (preferred: readonly string[], accepted: (name: string) => boolean): string | undefined => {
    const rank = (name: string): number => (preferred.includes(name) ? preferred.indexOf(name) : preferred.length);
    const candidates = named.flatMap(({ path, name }) => (name !== undefined && accepted(name) ? [{ path, rank: rank(name) }] : []));
    return candidates.toSorted((a, b) => a.rank - b.rank || b.path.length - a.path.length || (a.path < b.path ? -1 : 1))[0]?.path;
  };
  const fp32 = first(plain, (name) => !isInt8.test(name) && !isOther.test(name));
  const small = first(int8, (name) => isInt8.test(name) && !isOther.test(name));
  return { ...(fp32 === undefined ? {} : { fp32 }), ...(small === undefined ? {} : { int8: small }) };
}

// What lies in onnx/ beside models and is none of their weights.
const isText = /\.(?:json|txt|md|model|ya?ml|xml|py|gitattributes)$/;

/**
 * Of these paths in a repository, those that hold weights of `onnxFile`, which has not come yet: by name (`model.onnx_data`, `model.onnx.data`), and,
 * in onnx/, what is neither a model, nor another model's data, nor text: exporters also write one file a tensor, named after it
 * (`onnx/Constant_7_attr__value` of BAAI/bge-m3).
 */
export function dataFilesAmong(paths: readonly string[], onnxFile: string): string[] {
  const isNamedAfter = (path: string): boolean => path.startsWith(`${onnxFile}_data`) || path.startsWith(`${onnxFile}.data`);
  const isTensor = (path: string): boolean => /^onnx\/[^/]+$/.test(path) && !path.includes('.onnx') && !isText.test(path);
  return paths.filter((path) => isNamedAfter(path) || (onnxFile.startsWith('onnx/') && isTensor(path)));
}

/** The files beside it in which an ONNX file says that its weights are. */
export function dataFilesOf(files: ModelFiles, onnxFile: string, { locations }: OnnxOutline): string[] {
  const folder = onnxFile.includes('/') ? 'onnx' : '';
  const paths = [...locations].map((location) => posix.normalize(inFolder(folder, location)));
  const outside = paths.find((path) => path.startsWith('/') || path.startsWith('..'));
  if (outside !== undefined) throw files.broken(onnxFile, `says that weights are in ${JSON.stringify(outside)}, out of the model`);
  return paths.toSorted();
}

export async function findOnnxFiles(files: ModelFiles): Promise<Partial<Record<Precision, string>>> {
  const inOnnx = (await files.list('onnx')).map((name) => `onnx/${name}`);
  const paths = [...(await files.list('')), ...inOnnx].filter((path) => path.endsWith('.onnx'));
  const present: string[] = [];
  const pointers: string[] = [];
  for (const path of paths) if (await files.isFile(path)) ((await isPointer(files.path(path))) ? pointers : present).push(path);
  const chosen = chooseOnnxFiles(present);
  if (chosen.fp32 !== undefined || chosen.int8 !== undefined) return chosen;
  const [pointer] = pointers;
  if (pointer !== undefined) throw brokenModel(files.model, pointer, 'is a Git LFS pointer in place of the file: git lfs pull brings that');
  const weights = (await files.list('')).find((name) => ['model.safetensors', 'pytorch_model.bin'].includes(name));
  const others = present.length === 0 ? '' : `; there is ${present.join(', ')}, and fp32, fp16 and int8 files named model* are run`;
  const advice = weights === undefined ? '' : `; voisin models convert makes it from ${weights}`;
  throw brokenModel(files.model, 'onnx/model*.onnx', `is missing, and so is model.onnx${others}${advice}`);
}

const pointerStart = 'version https://git-lfs.github.com/spec/';

/** What a clone without Git LFS has in place of a large file. */
async function isPointer(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(pointerStart.length), 0, pointerStart.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === pointerStart;
  } finally {
    await file.close();
  }
}
