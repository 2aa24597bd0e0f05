// The linear layers behind the pooling, in JavaScript: a few hundred thousand products a text, little beside the model's.
import { join } from 'node:path';
import type { Activation, DenseLayer } from './models/model-description.js';
import { readSafetensors } from './read-safetensors.js';

interface LoadedLayer {
  readonly layer: DenseLayer;
  /** outFeatures x inFeatures. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

const activate: Readonly<Record<Activation, (value: number) => number>> = {
  identity: (value) => value,
  tanh: Math.tanh,
  relu: (value) => Math.max(0, value),
  gelu: (value) => 0.5 * value * (1 + erf(value / Math.SQRT2)),
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
};

export class DenseLayers {
  readonly #layers: readonly LoadedLayer[];

  private constructor(layers: readonly LoadedLayer[]) {
    this.#layers = layers;
  }

  /** Throws an Error that begins with the file's name. */
  static async load(directory: string, layers: readonly DenseLayer[]): Promise<DenseLayers> {
    return new DenseLayers(await Promise.all(layers.map((layer) => loadLayer(directory, layer))));
  }

  /** @param vectors texts x the first layer's inFeatures; gives texts x the last layer's outFeatures */
  apply(vectors: Float32Array): Float32Array {
    return this.#layers.reduce(applyLayer, vectors);
  }
}

async function loadLayer(directory: string, layer: DenseLayer): Promise<LoadedLayer> {
  const { file, inFeatures, outFeatures } = layer;
  const tensors = await readSafetensors(join(directory, file)).catch((error: unknown): never => {
    throw new Error(`${file} ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  const tensor = (name: string, shape: readonly number[]): Float32Array => {
    const found = tensors.get(name);
    if (found?.shape.join() === shape.join()) return found.values;
    throw new Error(`${file} has ${found ? `${name} of shape ${found.shape.join(' x ')}` : `no ${name}`}; ${shape.join(' x ')} is wanted`);
  };
  const bias = layer.bias ? tensor('linear.bias', [outFeatures]) : new Float32Array(outFeatures);
  return { layer, weight: tensor('linear.weight', [outFeatures, inFeatures]), bias };
}

function applyLayer(vectors: Float32Array, { layer, weight, bias }: LoadedLayer): Float32Array {
  const { inFeatures, outFeatures, activation } = layer;
  const texts = vectors.length / inFeatures;
  const results = new Float32Array(texts * outFeatures);
  for (let text = 0; text < texts; text++) {
    for (let row = 0; row < outFeatures; row++) {
      let sum = bias[row] ?? 0;
      let of = row * inFeatures;
      for (let i = 0; i < inFeatures; i++) sum += (weight[of++] ?? 0) * (vectors[text * inFeatures + i] ?? 0);
      results[text * outFeatures + row] = activate[activation](sum);
    }
  }
  return results;
}

/** Abramowitz and Stegun 7.1.26, off by at most 1.5e-7. */
function erf(value: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(value));
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(value) * (1 - polynomial * Math.exp(-value * value));
}
