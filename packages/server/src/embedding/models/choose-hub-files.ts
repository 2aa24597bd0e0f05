// Which files of a hub repository make a model: its configuration, its tokenizer, one ONNX file with its data.
import { VoisinError } from '../../errors.js';
import type { Precision } from '../types.js';
import { chooseOnnxFiles, dataFilesAmong } from './find-onnx-files.js';
import type { HubFile } from './hub-client.js';
import { presentIn } from './model-description.js';

/** What to take of a repository: files for these precisions, for the first that there is, or the weights that `voisin models convert` converts. */
export type Wanted = readonly Precision[] | 'first' | 'weights';

const configuration =
  /^(?:\d+_[A-Za-z]+\/)?(?:config|modules|config_sentence_transformers|sentence_[a-z-]+_config|tokenizer|tokenizer_config|special_tokens_map|preprocessor_config)\.json$/;
const denseWeights = /^\d+_Dense\/model\.safetensors$/;
// What the older tokenizers are made of, which a conversion reads.
const vocabulary = /^(?:vocab\.(?:txt|json)|merges\.txt|sentencepiece\.bpe\.model|spiece\.model)$/;
const safetensors = /^model(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?$/;
const pickled = /^pytorch_model(?:-\d+-of-\d+)?\.bin(?:\.index\.json)?$/;

/** Throws `failed_precondition` that says what the repository lacks. */
export function chooseHubFiles(name: string, files: readonly HubFile[], wanted: Wanted): HubFile[] {
  const small = files.filter(({ path }) => configuration.test(path) || denseWeights.test(path));
  if (!small.some(({ path }) => path.endsWith('config.json'))) throw lacks(name, 'config.json: this is no model');
  if (wanted === 'weights') return [...small, ...chooseWeights(name, files)];
  if (!small.some(({ path }) => path.endsWith('tokenizer.json')))
    throw lacks(name, 'tokenizer.json; voisin models convert makes one from its older files');
  return [...small, ...chooseModels(name, files, wanted)];
}

function chooseModels(name: string, files: readonly HubFile[], wanted: readonly Precision[] | 'first'): HubFile[] {
  const all = files.map(({ path }) => path);
  const chosen = chooseOnnxFiles(all);
  const there = presentIn(chosen);
  if (there.length === 0) {
    throw lacks(
      name,
      'onnx/model*.onnx and no model.onnx; voisin models pull --weights takes its weights, voisin models convert makes one from them',
    );
  }
  const precisions = wanted === 'first' ? there.slice(0, 1) : wanted;
  const paths = precisions.flatMap((precision) => chosen[precision] ?? []);
  if (paths.length === 0) throw lacks(name, `${precisions.join(' or ')} file; there is ${there.join(', ')}`);
  const wantedPaths = new Set(paths.flatMap((onnx) => [onnx, ...dataFilesAmong(all, onnx)]));
  return files.filter(({ path }) => wantedPaths.has(path));
}

function chooseWeights(name: string, files: readonly HubFile[]): HubFile[] {
  const tokenizer = files.filter(({ path }) => vocabulary.test(path));
  for (const kind of [safetensors, pickled]) {
    const weights = files.filter(({ path }) => kind.test(path));
    if (weights.length > 0) return [...tokenizer, ...weights];
  }
  throw lacks(name, 'model.safetensors and no pytorch_model.bin');
}

const lacks = (name: string, what: string): VoisinError =>
  new VoisinError('failed_precondition', `${name} has no ${what}`, { field: 'model' });
