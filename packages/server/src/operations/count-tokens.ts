// How many tokens inputs have, before they are embedded.

import type { Asker, Embedding, Input } from '../embedding/index.js';

/** Texts are counted in pieces of this many characters. */
const PIECE_CHARACTERS = 1024;
/** Pieces that are counted together: little is counted in vain where the limit is reached, or the client disconnects. */
const PIECES_AT_ONCE = 16;

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
  let count = inputs.reduce<number>((sum, input) => sum + (typeof input === 'string' ? 0 : input.length), 0);
  let waiting: string[] = [];
  const countWaiting = async (): Promise<void> => {
    for (const tokens of await embedding.countTokens(waiting, model)) count += tokens;
    waiting = [];
    asker.signal.throwIfAborted();
  };
  for (const input of inputs) {
    if (count > most) return true;
    for (const piece of typeof input === 'string' ? pieces(input) : []) {
      waiting.push(piece);
      if (waiting.length < PIECES_AT_ONCE) continue;
      await countWaiting();
      if (count > most) return true;
    }
  }
  await countWaiting();
  return count > most;
}

/** Cut at white space where there is some, and never inside a character. */
function* pieces(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const piece = text.slice(start, start + PIECE_CHARACTERS);
    const isLast = start + piece.length >= text.length;
    const space = isLast ? -1 : piece.lastIndexOf(' ');
    const whole = isLast || !/[\ud800-\udbff]$/.test(piece) ? piece : piece.slice(0, -1);
    const end = space > 0 ? space : whole.length;
    yield piece.slice(0, end);
    start += end;
  }
}
