// What an input must be before it is tokenized: something to read, and not too long.
import { VoisinError } from '../errors.js';
import type { Input } from './types.js';

/**
 * Throws `invalid_argument` naming the position of the first text that is blank or longer than `maxTextLength` characters, or the first list of
 * tokens that is empty.
 */
export function checkTexts(inputs: readonly Input[], maxTextLength: number): void {
  inputs.forEach((input, position) => {
    if (typeof input === 'string') checkText(input, position, maxTextLength);
    else if (input.length === 0) throw refused(position, 'has no tokens; at least one is needed');
  });
}

/**
 * The error of a text that the model cannot read to its end, where the caller does not want it cut. The tokenizer does not count a very long text
 * to its end: what was dropped is the least.
 */
export function tooManyTokens(position: number, read: number, dropped: number): VoisinError {
  const message = `has at least ${read + dropped} tokens; the model reads ${read} of a text, and truncate: false forbids to cut it`;
  return refused(position, message, { limit: read });
}

function checkText(text: string, position: number, maxTextLength: number): void {
  if (!/\S/.test(text)) {
    const came = text === '' ? 'is empty' : 'holds white space alone';
    throw refused(position, `${came}; a text needs a character to read`);
  }
  const length = text.length > maxTextLength ? countCharacters(text) : 0;
  if (length > maxTextLength)
    throw refused(position, `has ${length} characters; at most ${maxTextLength} are accepted`, { limit: maxTextLength });
}

function refused(position: number, problem: string, details: { readonly limit?: number } = {}): VoisinError {
  const field = `texts[${position}]`;
  return new VoisinError('invalid_argument', `${field} ${problem}`, { field, position, ...details });
}

/** Characters are Unicode code points, as in the Python services that this one replaces; a lone surrogate counts as one. */
function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}
