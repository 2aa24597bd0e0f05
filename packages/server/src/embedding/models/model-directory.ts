// What a model needs, read from its own files in the layout of sentence-transformers or of a bare transformer.
import type { Precision } from '../types.js';
import { chooseOutput, type ChosenOutput } from '../choose-output.js';
import { dataFilesOf, findOnnxFiles } from './find-onnx-files.js';
import { presentIn, type DenseLayer, type ModelDescription } from './model-description.js';
import { isObject, ModelFiles, type JsonObject } from './model-files.js';
import { outlineOf, type OnnxOutline } from './onnx-outline.js';
import { readDense, readDenseWidth } from './read-dense.js';
import { positionsFollowPadding, readPadId, readTextLimit } from './read-max-tokens.js';
import { inFolder, readModules } from './read-modules.js';
import { assumedPooling, readPooling, type PoolingConfig } from './read-pooling.js';
import { readPrompts } from './read-prompts.js';
import { readTokenizerConfig, tokenizerRules } from './read-tokenizer-rules.js';

/** Reads and checks everything but the tokenizer and the weights. Throws `failed_precondition` naming the file that is missing, cut or wrong. */
export async function readModelDirectory(name: string, directory: string): Promise<ModelDescription> {
  const files = new ModelFiles(name, directory);
  const modules = await readModules(files);
  const configFile = inFolder(modules.transformer, 'config.json');
  const config = await files.object(configFile);
  const pooling = modules.pooling === undefined ? undefined : await readPooling(files, modules.pooling);
  const modes = pooling?.modes ?? assumedPooling;
  const onnxFiles = await findOnnxFiles(files);
  const { output, ...weights } = await readWeights(files, onnxFiles);
  const answers = output?.holds === 'vectors';
  const hiddenSize = (answers ? output.width : undefined) ?? readHiddenSize(files, configFile, config, pooling);
  const dense = answers ? [] : await readDenseLayers(files, modules.dense, hiddenSize * modes.length);
  const tokenizer = inFolder(modules.transformer, 'tokenizer.json');
  const tokenizerConfigFile = inFolder(modules.transformer, 'tokenizer_config.json');
  if (!(await files.isFile(tokenizer))) throw files.broken(tokenizer, 'is missing');
  const prompts = await readPrompts(files);
  if (pooling?.includesPrompt === false && Object.keys(prompts.byName).length > 0) {
    throw files.broken(pooling.file, 'leaves the prompt out of the pooling ("include_prompt": false), which is not supported');
  }
  const tokenizerConfig = await readTokenizerConfig(files, modules.transformer);
  const limit = await readTextLimit(files, modules.transformer, { config, tokenizerConfig });
  const assumedMean = pooling || answers ? [] : ['no file says how to pool: the mean of all tokens, as sentence-transformers does'];
  const pooled = dense.at(-1)?.outFeatures ?? hiddenSize * modes.length;
  return {
    name,
    directory,
    transformerFolder: modules.transformer,
    onnxFiles,
    ...weights,
    readFiles: [tokenizer, ...((await files.isFile(tokenizerConfigFile)) ? [tokenizerConfigFile] : []), ...dense.map(({ file }) => file)],
    dimension: answers ? (output.width ?? (await widthOf(files, modules.dense)) ?? pooled) : pooled,
    hiddenSize,
    maxTokens: limit.maxTokens,
    lowercases: limit.lowercases,
    tokenizerRules: tokenizerRules(tokenizerConfig, config),
    pooling: modes,
    dense,
    normalizes: modules.normalizes,
    padId: readPadId(config),
    positionsFollowPadding: positionsFollowPadding(config),
    prompts,
    assumptions: [...assumedMean, ...(limit.assumption === undefined ? [] : [limit.assumption])],
  };
}

async function readDenseLayers(files: ModelFiles, folders: readonly string[], inFeatures: number): Promise<DenseLayer[]> {
  const layers: DenseLayer[] = [];
  for (const folder of folders) layers.push(await readDense(files, folder, layers.at(-1)?.outFeatures ?? inFeatures));
  return layers;
}

/** Of the vectors that come from the layers of these folders. */
async function widthOf(files: ModelFiles, denseFolders: readonly string[]): Promise<number | undefined> {
  const last = denseFolders.at(-1);
  return last === undefined ? undefined : readDenseWidth(files, last);
}

/** Whatever a file is called, how it computes stands in its graph. */
const isDynamic = (operator: string): boolean => operator.startsWith('DynamicQuantize');

async function readWeights(
  files: ModelFiles,
  onnxFiles: ModelDescription['onnxFiles'],
): Promise<Pick<ModelDescription, 'dataFiles' | 'oneByOne'> & { readonly output: Answer | undefined }> {
  const dataFiles: Partial<Record<Precision, readonly string[]>> = {};
  const oneByOne: Precision[] = [];
  let output: Answer | undefined;
  for (const precision of presentIn(onnxFiles)) {
    const file = onnxFiles[precision] ?? '';
    const outline = await outlineOf(files.path(file));
    dataFiles[precision] = dataFilesOf(files, file, outline);
    if ([...outline.operators].some(isDynamic)) oneByOne.push(precision);
    output ??= answerOf(outline);
  }
  return { dataFiles, oneByOne, output };
}

interface Answer extends ChosenOutput {
  /** Values of a row, where the file says it. */
  readonly width: number | undefined;
}

/** Undefined where the file has no output that can be used, or could not be read: its load will say so. */
function answerOf({ outputs }: OnnxOutline): Answer | undefined {
  try {
    const chosen = chooseOutput(outputs);
    return { ...chosen, width: outputs.find(({ name }) => name === chosen.name)?.width };
  } catch {
    return undefined;
  }
}

/** Each family of models has its own word for it. */
const hiddenSizeFields = ['hidden_size', 'dim', 'd_model', 'n_embd'];

function readHiddenSize(files: ModelFiles, file: string, config: JsonObject, pooling: PoolingConfig | undefined): number {
  const inner = isObject(config['text_config']) ? config['text_config'] : {};
  const said = [config, inner].flatMap((object) => hiddenSizeFields.map((field) => files.integer(file, object, field)));
  const hidden = said.find((value) => value !== undefined);
  if (pooling?.width !== undefined && hidden !== undefined && pooling.width !== hidden) {
    throw files.broken(pooling.file, `says ${pooling.width} dimensions where ${file} says ${hidden}`);
  }
  const size = pooling?.width ?? hidden;
  if (size === undefined) throw files.broken(file, 'has no "hidden_size"');
  return size;
}
