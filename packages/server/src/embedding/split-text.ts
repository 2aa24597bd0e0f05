// Where a long text may be divided without changing its tokens, and how Python strips a text.

/** Without white space for this many characters, a text is divided inside a word. */
const MAX_RUN_CHARACTERS = 16_384;

/** The first white space at or after `wanted`, or `wanted` itself where none is near; never between the halves of a surrogate pair. */
export function divisionAfter(text: string, wanted: number): number {
  if (wanted >= text.length) return text.length;
  // Vertical tabs and the like do not count: BERT drops them.
  const space = /[ \t\n\r]/g;
  space.lastIndex = wanted;
  const near = text.length - wanted > MAX_RUN_CHARACTERS ? text.slice(0, wanted + MAX_RUN_CHARACTERS + 1) : text;
  const found = space.exec(near)?.index;
  if (found !== undefined) return found;
  return near.length === text.length ? text.length : betweenCharacters(text, wanted);
}

/** The same before `wanted`: what follows the division is whole. */
export function divisionBefore(text: string, wanted: number): number {
  if (wanted <= 0) return 0;
  const start = Math.max(0, wanted - MAX_RUN_CHARACTERS);
  const space = /[ \t\n\r][^ \t\n\r]*$/.exec(text.slice(start, wanted + 1))?.index;
  if (space !== undefined) return start + space;
  return start === 0 ? 0 : betweenCharacters(text, wanted);
}

/** `position`, or one before it where it divides a surrogate pair. */
function betweenCharacters(text: string, position: number): number {
  return (text.codePointAt(position - 1) ?? 0) > 0xffff ? position - 1 : position;
}

/** Without white space at both ends, as Python's `str.strip` defines it: with four control characters and NEL, without the byte order mark. */
export function stripLikePython(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isPythonSpace(text.charCodeAt(start))) start++;
  while (end > start && isPythonSpace(text.charCodeAt(end - 1))) end--;
  return end - start === text.length ? text : text.slice(start, end);
}

function isPythonSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
  return code === 0x85 || (code !== 0xfeff && /\s/.test(String.fromCharCode(code)));
}
