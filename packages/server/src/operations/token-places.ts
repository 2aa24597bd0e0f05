// Where tokens lie in their text. The tokenizer does not say it: the text is read along, folded as tokenizers fold (no case, no accents).

/** Start and end in characters (code points). */
export type Place = readonly [start: number, end: number];

/** A token that stands for what the vocabulary lacks covers at most this much. */
const longestUnknown = 200;

/** @returns a place for each token; undefined where it is not found, as for one that stands for what the vocabulary lacks */
export function tokenPlaces(text: string, tokens: readonly string[]): (Place | undefined)[] {
  let folded = '';
  const characterAt: number[] = [];
  for (const [index, character] of Array.from(text).entries()) {
    const letters = fold(character);
    folded += letters;
    for (let i = 0; i < letters.length; i++) characterAt.push(index);
  }
  let from = 0;
  return tokens.map((token) => {
    const piece = fold(token.replace(/^(##|[▁Ġ])/, ''));
    const at = piece === '' ? -1 : folded.indexOf(piece, from);
    // Only what lies next, or behind something that could not be found: never a later occurrence of the same letters.
    if (at < 0 || at - from > longestUnknown) return undefined;
    from = at + piece.length;
    const [first, last] = [characterAt[at], characterAt[from - 1]];
    return first === undefined || last === undefined ? undefined : [first, last + 1];
  });
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase();
}
