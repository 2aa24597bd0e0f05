// JSON lines: one vector a line, {"id", "values", "metadata", "text"?}. Written record by record, so no index is too large.
import { float32ToJson } from './float-text.js';

const lineBreaks: Readonly<Record<string, string>> = { '\u0085': '\\u0085', '\u2028': '\\u2028', '\u2029': '\\u2029' };

/** JSON text with escapes for the characters at which some readers end a line (Python's str.splitlines, JavaScript before 2019): JSON has escapes for the others. */
export function inOneLine(json: string): string {
  return json.replace(/[\u0085\u2028\u2029]/g, (found) => lineBreaks[found] ?? found);
}

/** Writes records as lines, in chunks of some 64 KB. `metadata` is an object. */
export async function* writeJsonl(
  records: AsyncIterable<{ readonly id: string; readonly values: Float32Array; readonly metadata: object; readonly text?: string }>,
): AsyncGenerator<Uint8Array> {
  let chunk = '';
  for await (const { id, values, metadata, text } of records) {
    const last = text === undefined ? '' : `,"text":${JSON.stringify(text)}`;
    chunk += `{"id":${JSON.stringify(id)},"values":${float32ToJson(values)},"metadata":${JSON.stringify(metadata)}${last}}\n`;
    if (chunk.length < 65_536) continue;
    yield Buffer.from(inOneLine(chunk));
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(inOneLine(chunk));
}
