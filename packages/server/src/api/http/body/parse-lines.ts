// JSON lines of {id, values, metadata?, text?}: a line that is no JSON is refused like any vector that cannot be kept.

import { isUtf8 } from 'node:buffer';
import { utf8Problem } from '../../../formats/index.js';
import { JsonReader } from './json-reader.js';
import { type ParsedBody, type ParseLimits, withoutMark } from './parse-body.js';
import { VectorsReader } from './vectors-reader.js';

const newline = 0x0a;

/** @param given whole lines; empty ones are skipped and have no position */
export function parseLines(given: Buffer, firstLine: number, limits: ParseLimits): ParsedBody {
  const bytes = firstLine === 1 ? withoutMark(given) : given;
  const whole = new JsonReader(bytes);
  const vectors = new VectorsReader(whole, limits);
  const lines: number[] = [];
  const mayBeBad = !isUtf8(bytes);
  for (let start = 0, line = firstLine; start < bytes.length; line++) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    const reader = new JsonReader(bytes.subarray(start, end));
    start = end + 1;
    if (reader.skipSpace() === undefined) continue;
    lines.push(line);
    const problem = mayBeBad ? utf8Problem(reader.bytes) : undefined;
    if (problem !== undefined) {
      vectors.refuse(problem);
      continue;
    }
    vectors.from(reader);
    vectors.readWhole();
  }
  return { fields: {}, vectors: {}, columns: vectors.take(), lines: Uint32Array.from(lines) };
}
