// JSON lines: one vector a line, {"id", "values", "metadata", "text"?}. Written record by record, so no index is too large.
import { float32ToJson } from './float-text.js';

/** Writes records as lines, in chunks of some 64 KB. `metadata` is an object. */
export async function* writeJsonl(
  records: AsyncIterable<{ readonly id: string; readonly values: Float32Array; readonly metadata: object; readonly text?: string }>,
): AsyncGenerator<Uint8Array> {
  let chunk = '';
  for await (const { id, values, metadata, text } of records) {
    const last = text === undefined ? '' : `,"text":${JSON.stringify(text)}`;
    chunk += `{"id":${JSON.stringify(id)},"values":${float32ToJson(values)},"metadata":${JSON.stringify(metadata)}${last}}\n`;
    if (chunk.length < 65_536) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk);
}
