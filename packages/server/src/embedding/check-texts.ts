// What a text must be before it is tokenized: something to read, and not too long.
import { VoisinError } from '../errors.js';

/** Throws `invalid_argument` naming the position of the first text that is blank or longer than `maxTextLength` characters. */
export function checkTexts(texts: readonly string[], maxTextLength: number): void {
  texts.forEach((text, position) => {
    const field = `texts[${position}]`;
    if (!/\S/.test(text)) {
      const came = text === '' ? 'is empty' : 'holds white space alone';
      throw new VoisinError('invalid_argument', `${field} ${came}; a text needs a character to read`, { field, position });
    }
    const length = text.length > maxTextLength ? countCharacters(text) : 0;
    if (length > maxTextLength) {
      const message = `${field} has ${length} characters; at most ${maxTextLength} are accepted`;
      throw new VoisinError('invalid_argument', message, { field, position, limit: maxTextLength });
    }
  });
}

/** Characters are Unicode code points, as in the Python services that this one replaces; a lone surrogate counts as one. */
function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}
