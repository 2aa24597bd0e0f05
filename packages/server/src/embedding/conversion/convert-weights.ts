// Makes the ONNX files of a model directory from its weights, with the Python script that comes with the server.
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VoisinError } from '../../errors.js';
import { isObject, ModelFiles } from '../models/model-files.js';
import { pythonWith, runProgram } from './python-environment.js';

/** The script's families: texts, pictures, both. */
const convertible = ['bert', 'roberta', 'xlm-roberta', 'mpnet', 'distilbert', 'vit', 'deit', 'dinov2', 'clip'];
const isWeights = /^(?:model.*\.safetensors|pytorch_model.*\.bin)$/;

const shipped = (file: string): string => fileURLToPath(new URL(`../../../../python/${file}`, import.meta.url));
export const conversionRequirements = shipped('requirements.txt');

export interface ConvertRequest {
  /** The folder of config.json and the weights. */
  readonly source: string;
  /** Where the ONNX files go, with copies of the model's other files where it is another folder. */
  readonly target: string;
  /** The folder of the Python environment. */
  readonly environment: string;
  readonly signal?: AbortSignal | undefined;
}

/** How near an output of a made file is to PyTorch's, over random texts or pictures. */
export interface Nearness {
  readonly leastCosine: number;
  readonly largestDifference: number;
  readonly vectors: number;
}

export interface MadeFile {
  readonly file: string;
  readonly bytes: number;
  readonly outputs: Readonly<Record<string, Nearness>>;
}

/** Throws `failed_precondition` where the directory is none that can be converted, or the result is not near enough (then it is not kept). */
export async function convertWeights({ source, target, environment, signal }: ConvertRequest): Promise<MadeFile[]> {
  await checkSource(source);
  const python = await pythonWith({ folder: environment, requirements: conversionRequirements, signal });
  let output = '';
  const code = await runProgram(python, [shipped('convert.py'), source, target], { signal, onOutput: (text) => (output += text) });
  const report = reportOf(output);
  if (code === 0 && Array.isArray(report['files'])) return report['files'].map(madeFile);
  const problem = typeof report['error'] === 'string' ? report['error'] : 'the conversion ended without an answer: its reasons are above';
  throw new VoisinError('failed_precondition', problem);
}

/** What can be said before a gigabyte of Python is installed. */
async function checkSource(source: string): Promise<void> {
  const files = new ModelFiles(source, source);
  const type = (await files.object('config.json'))['model_type'];
  if (typeof type !== 'string' || !convertible.includes(type)) {
    throw files.broken('config.json', `says "model_type": ${JSON.stringify(type)}; ${convertible.join(', ')} can be converted`);
  }
  if (!(await readdir(source)).some((name) => isWeights.test(name))) {
    throw files.broken('model.safetensors', 'is missing, and so is pytorch_model.bin');
  }
}

function reportOf(output: string): Readonly<Record<string, unknown>> {
  try {
    const report: unknown = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
    return isObject(report) ? report : {};
  } catch {
    // A script that was killed or broke down says no more than that.
    return {};
  }
}

function madeFile(value: unknown): MadeFile {
  const made = isObject(value) ? value : {};
  const outputs = Object.entries(isObject(made['outputs']) ? made['outputs'] : {});
  return {
    file: String(made['file']),
    bytes: Number(made['bytes']),
    outputs: Object.fromEntries(outputs.map(([name, near]) => [name, nearness(near)])),
  };
}

function nearness(value: unknown): Nearness {
  const near = isObject(value) ? value : {};
  return {
    leastCosine: Number(near['least_cosine']),
    largestDifference: Number(near['largest_difference']),
    vectors: Number(near['vectors']),
  };
}
