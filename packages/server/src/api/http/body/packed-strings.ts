// Many strings as one: it crosses to another thread in a fraction of the time, and holds the event loop for as little.

export interface PackedStrings {
  readonly text: string;
  /** UTF-16 units of each string; -1 for one that is not there. */
  readonly lengths: Int32Array;
}

export function packStrings(strings: readonly (string | undefined)[]): PackedStrings {
  return { text: strings.join(''), lengths: Int32Array.from(strings, (one) => one?.length ?? -1) };
}

export function unpackStrings({ text, lengths }: PackedStrings): (string | undefined)[] {
  const strings = new Array<string | undefined>(lengths.length);
  let at = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] ?? -1;
    strings[i] = length < 0 ? undefined : text.slice(at, (at += length));
  }
  return strings;
}
