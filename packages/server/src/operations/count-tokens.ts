// How many tokens inputs have, before they are embedded.

import type { Embedding, Input } from '../embedding/index.js';
import { Turns } from '../turns.js';

/** Texts are counted in pieces of this length, so that a long one does not hold the event loop. */
const pieceLength = 4096;

/**
 * Whether the inputs have more tokens than `most`. A token is at least a byte of UTF-8, so that only large requests are counted.
 * @returns the count of a request that has more, counted as far as that is known; undefined when it has not
 */
export async function moreTokensThan(
  embedding: Embedding,
  model: string,
  inputs: readonly Input[],
  most: number,
): Promise<number | undefined> {
  const bytes = inputs.reduce<number>((sum, input) => sum + (typeof input === 'string' ? Buffer.byteLength(input) : input.length), 0);
  if (bytes <= most) return undefined;
  const turns = new Turns();
  let count = 0;
  for (const input of inputs) {
    for (const piece of typeof input === 'string' ? pieces(input) : []) {
      if (!/\S/.test(piece)) continue;
      const [tokens] = await embedding.tokenize([piece], { model, addSpecialTokens: false, maxTextLength: pieceLength });
      count += tokens?.ids.length ?? 0;
      if (count > most) return count;
      if (turns.over) await turns.next();
    }
    if (typeof input !== 'string') count += input.length;
    if (count > most) return count;
  }
  return undefined;
}

/** Cut at white space where there is some. */
function* pieces(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const limit = start + pieceLength;
    const space = limit >= text.length ? -1 : text.lastIndexOf(' ', limit);
    const end = space > start ? space : limit;
    yield text.slice(start, end);
    start = end;
  }
}
