// What a search found as JSON. Numbers are float32 and written short, metadata are JSON text already. A large answer is written while it is being read.

import { Readable } from 'node:stream';
import { shortFloat } from '../../formats/index.js';
import type { Hit } from '../../indexes/types.js';
import { FoundHits } from '../../operations/found-hits.js';
import { Turns } from '../../turns.js';

/** An answer of so many characters is written at once: some hundred microseconds of work. */
const largeLength = 128 * 1024;
/** Characters of a piece of a larger one. */
const pieceLength = 64 * 1024;

interface WithHits {
  readonly results: FoundHits;
}

export function holdsHits(output: unknown): output is WithHits {
  return typeof output === 'object' && output !== null && 'results' in output && output.results instanceof FoundHits;
}

export function hitsAnswer(output: WithHits): string | Readable {
  let text = '';
  for (const part of parts(output)) {
    text += part;
    if (text.length > largeLength) return Readable.from(pieces(output), { objectMode: false, highWaterMark: 4 * pieceLength });
  }
  return text;
}

/** Pieces of about the same length, as fast as they are read. */
async function* pieces(output: WithHits): AsyncGenerator<Buffer> {
  const turns = new Turns();
  let piece = '';
  for (const part of parts(output)) {
    piece += part;
    if (piece.length < pieceLength) continue;
    yield Buffer.from(piece);
    piece = '';
    if (turns.over) await turns.next();
  }
  yield Buffer.from(piece);
}

function* parts({ results: { lists, isBatch }, ...rest }: WithHits): Generator<string> {
  const fields = Object.entries(rest).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`);
  yield `{${fields.join('')}"results":${isBatch ? '[' : ''}`;
  for (const [query, hits] of lists.entries()) {
    yield query === 0 ? '[' : ',[';
    for (let rank = 0; rank < hits.length; rank++) {
      const hit = hits[rank];
      if (hit !== undefined) yield rank === 0 ? toJson(hit) : `,${toJson(hit)}`;
    }
    yield ']';
  }
  yield isBatch ? ']}' : '}';
}

function toJson({ id, score, distance, metadata, text }: Hit): string {
  const end = text === undefined ? '}' : `,"text":${JSON.stringify(text)}}`;
  return `{"id":${JSON.stringify(id)},"score":${numberText(score)},"distance":${numberText(distance)},"metadata":${metadata}${end}`;
}

/** As JSON.stringify writes it: what is no number there is null. */
const numberText = (value: number): string => (Number.isFinite(value) ? `${shortFloat(value)}` : 'null');
