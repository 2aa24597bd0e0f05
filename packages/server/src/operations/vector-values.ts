// One vector of a request: from its values, or from its text through the index's own model.

import { VoisinError } from '../errors.js';
import type { ManagedIndex } from '../indexes/managed-index.js';
import { checkMetadata } from './metadata.js';
import { meteredEmbed } from './metered-embed.js';
import type { Caller, Services } from './operation.js';

export interface Given {
  readonly values?: Float32Array | undefined;
  readonly text?: string | undefined;
  /** What the request calls the values: "values" in a put, "vector" in a search. */
  readonly valuesField: string;
  readonly priority: 'query' | 'bulk';
  readonly caller: Caller;
}

/**
 * @returns `index.dimension` floats
 * @throws VoisinError invalid_argument when neither came, the dimension is wrong, or the index has no model to embed a text with
 */
export async function vectorOf(services: Services, index: ManagedIndex, given: Given): Promise<Float32Array> {
  const { values, text, valuesField: field } = given;
  if (values !== undefined) {
    const problem = rowProblem(values, index);
    if (problem !== undefined) throw new VoisinError('invalid_argument', `${field}: ${problem}`, { field });
    if (text !== undefined) requireTextLength(text, services.config.limits.maxTextLength);
    return values;
  }
  const model = index.embedding?.model;
  if (text === undefined) {
    const wanted = model === undefined ? field : `${field} or text`;
    throw new VoisinError('invalid_argument', `${field}: required, but nothing came; send ${wanted}`, { field });
  }
  if (model === undefined) throw new VoisinError('invalid_argument', `text: ${noModel(field)}`, { field: 'text' });
  const problem = textProblem(text, services.config.limits.maxTextLength);
  if (problem !== undefined) throw new VoisinError('invalid_argument', `text: ${problem}`, { field: 'text' });
  const { embeddings } = await meteredEmbed(services, given.caller, [text], { model, priority: given.priority });
  const [vector] = embeddings;
  if (vector === undefined) throw new VoisinError('internal', 'the model gave no embedding');
  return vector;
}

export function rowProblem(values: Float32Array, index: ManagedIndex): string | undefined {
  if (values.length !== index.dimension) return `expected ${index.dimension} values, the dimension of the index, got ${values.length}`;
  return index.refusal(values);
}

/** Of a text to embed. */
export function textProblem(text: string, maxLength: number): string | undefined {
  if (!/\S/.test(text)) return `expected a text with a character to read, got ${text === '' ? 'an empty one' : 'white space'}`;
  return textLengthProblem(text, maxLength);
}

/** Of a text that is kept beside its values: it is not read by a model, and may be empty. */
export function textLengthProblem(text: string, maxLength: number): string | undefined {
  if (text.length <= maxLength) return undefined;
  const length = characterCount(text);
  return length > maxLength ? `expected at most ${maxLength} characters, got ${length}` : undefined;
}

/** @throws VoisinError invalid_argument for a text that is too long to be kept */
export function requireTextLength(text: string, maxLength: number): void {
  const problem = textLengthProblem(text, maxLength);
  if (problem !== undefined) throw new VoisinError('invalid_argument', `text: ${problem}`, { field: 'text' });
}

/** Characters are Unicode code points, as in Python; a lone surrogate counts as one. */
export function characterCount(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}

export const noModel = (field: string): string =>
  `this index embeds nothing; send ${field}, or make an index with "embedding": {"model": ...}`;

/** @throws VoisinError invalid_argument when the metadata cannot be kept. */
export function requireMetadata(metadata: unknown, maxBytes: number): void {
  const checked = checkMetadata(metadata, maxBytes);
  if ('problem' in checked) throw new VoisinError('invalid_argument', `metadata: ${checked.problem}`, { field: 'metadata' });
}
