// Answers that hold vectors: as JSON with short decimals or base64, or as their bytes alone.

import { float32ToBase64, float32ToBytes, float32ToJson } from '../../formats/index.js';
import { Turns } from '../../turns.js';
import { qualityOf } from './accept.js';
import type { Answer } from './answer.js';

export type Encoding = 'float' | 'base64';

/** @param encoding how the request asked for vectors in JSON */
export async function vectorAnswer(output: unknown, accept: string | undefined, encoding: Encoding | undefined): Promise<Answer> {
  // A client that wants both alike gets JSON.
  if (qualityOf(accept, 'application/octet-stream') > qualityOf(accept, 'application/json'))
    return bytesOf([...vectorsIn(output)], cutTextsIn(output));
  const turns = new Turns();
  const parts: string[] = [];
  for (const part of jsonParts(output, encoding === 'base64' ? base64 : decimals)) {
    parts.push(part);
    if (turns.over) await turns.next();
  }
  return { contentType: 'application/json; charset=utf-8', body: parts.join('') };
}

/** The vectors end to end, little-endian float32; the headers say how to cut them apart. */
function bytesOf(vectors: readonly Float32Array[], cutTexts: number): Answer {
  return {
    contentType: 'application/octet-stream',
    body: Buffer.concat(vectors.map(float32ToBytes)),
    headers: {
      'x-vector-count': String(vectors.length),
      'x-vector-dimension': String(vectors[0]?.length ?? 0),
      ...(cutTexts === 0 ? {} : { 'x-truncated-count': String(cutTexts) }),
    },
  };
}

/** How many texts the JSON would say that the model could not read to their ends: `true` of the one text, or a list. */
function cutTextsIn(output: unknown): number {
  if (typeof output !== 'object' || output === null) return 0;
  const { truncated = [], against_truncated: against = [] }: Readonly<Record<string, unknown>> = { ...output };
  return [truncated, against].flat().length;
}

function* vectorsIn(value: unknown): Generator<Float32Array> {
  if (value instanceof Float32Array) yield value;
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) yield* vectorsIn(one);
}

/**
 * The text of vectors that were answered more than once, and that some cache therefore keeps: undefined for those that were answered once. A vector that is
 * answered is never written to afterwards.
 */
const remembered = new WeakMap<Float32Array, string | undefined>();

function decimals(vector: Float32Array): string {
  const known = remembered.get(vector);
  if (known !== undefined) return known;
  const text = float32ToJson(vector);
  remembered.set(vector, remembered.has(vector) ? text : undefined);
  return text;
}

const base64 = (vector: Float32Array): string => `"${float32ToBase64(vector)}"`;

/** JSON in pieces of at most one vector. */
function* jsonParts(value: unknown, text: (vector: Float32Array) => string): Generator<string> {
  if (value instanceof Float32Array) {
    yield text(value);
  } else if (!holdsVector(value)) {
    yield JSON.stringify(value);
  } else if (Array.isArray(value)) {
    for (const [position, item] of value.entries()) {
      yield position === 0 ? '[' : ',';
      yield* jsonParts(item, text);
    }
    yield ']';
  } else {
    let opened = false;
    for (const [name, item] of Object.entries(value)) {
      if (item === undefined) continue;
      yield `${opened ? ',' : '{'}${JSON.stringify(name)}:`;
      opened = true;
      yield* jsonParts(item, text);
    }
    yield '}';
  }
}

/** What holds none, as metadata do, is written at once. */
function holdsVector(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof Float32Array || Object.values(value).some(holdsVector);
}
