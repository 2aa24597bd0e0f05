// How many tokens inputs have, before they are embedded.

import type { Asker, Embedding, Input } from '../embedding/index.js';
import { Turns } from '../turns.js';

/** Texts are counted in pieces of this length, so that a long one does not hold the event loop. */
const pieceLength = 1024;

export interface Counted {
  readonly inputs: readonly Input[];
  readonly model: string;
  /** Ends the counting when nobody waits for it any more. */
  readonly asker: Asker;
}

/** Whether the inputs have more tokens than `most`. A token is at least a byte of UTF-8, so that only large requests are counted. */
export async function haveMoreTokens(embedding: Embedding, { inputs, model, asker }: Counted, most: number): Promise<boolean> {
  const bytes = inputs.reduce<number>((sum, input) => sum + (typeof input === 'string' ? Buffer.byteLength(input) : input.length), 0);
  if (bytes <= most) return false;
  const turns = new Turns();
  let count = 0;
  for (const input of inputs) {
    for (const piece of typeof input === 'string' ? pieces(input) : []) {
      if (!/\S/.test(piece)) continue;
      const [tokens] = await embedding.tokenize([piece], { model, addSpecialTokens: false, maxTextLength: pieceLength });
      count += tokens?.ids.length ?? 0;
      if (count > most) return true;
      if (turns.over) await turns.next();
      asker.signal.throwIfAborted();
    }
    if (typeof input !== 'string') count += input.length;
    if (count > most) return true;
  }
  return false;
}

/** Cut at white space where there is some. */
function* pieces(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const piece = text.slice(start, start + pieceLength);
    const space = start + piece.length < text.length ? piece.lastIndexOf(' ') : -1;
    const end = space > 0 ? space : piece.length;
    yield piece.slice(0, end);
    start += end;
  }
}
