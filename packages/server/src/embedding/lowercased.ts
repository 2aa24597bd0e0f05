// Texts in lower case, for models that want them so, and where each character was before.

export interface Lowercased {
  readonly text: string;
  /** From a range of the lower-case text to that of the given one, in code points; undefined: they are the same. */
  readonly rangeOf: ((start: number, stop: number) => [start: number, stop: number]) | undefined;
}

/** As Python's `str.lower`, which gives two characters for İ. */
export function lowercased(given: string): Lowercased {
  const text = given.toLowerCase();
  if (text.length === given.length) return { text, rangeOf: undefined };
  /** Of each character of the lower-case text, and of its end. */
  const places: number[] = [];
  let position = 0;
  for (const character of given) {
    for (const _ of character.toLowerCase()) places.push(position);
    position++;
  }
  places.push(position);
  const at = (place: number): number => places[place] ?? position;
  return { text, rangeOf: (start, stop) => [at(start), start === stop ? at(start) : at(stop - 1) + 1] };
}
