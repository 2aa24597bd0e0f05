// What other services' clients send to be embedded: one text, a list of them, token ids, or a list of those.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import type { Input } from '../embedding/index.js';
import { show } from './validate.js';

const tokenIds = { type: 'array', items: { type: 'integer', minimum: 0 } };
const one = [{ type: 'string' }, tokenIds];

export const DialectInputs = Type.Unsafe<unknown>({
  'x-json': { oneOf: [...one, { type: 'array', items: { oneOf: one } }], description: 'a text, token ids, or a list of either' },
  'x-expected': 'a text, token ids, or a list of either',
});

const expected = 'expected a text, token ids, or a list of either';

export interface TakenInputs {
  readonly inputs: readonly Input[];
  /** How a message names the input at a position: one that came alone has none. */
  readonly field: (position: number) => string;
}

/** @throws VoisinError invalid_argument naming the place */
export function takeInputs(value: unknown, field: string): TakenInputs {
  if (typeof value === 'string') return { inputs: [value], field: () => field };
  if (!Array.isArray(value)) throw new VoisinError('invalid_argument', `${field}: ${expected}, got ${show(value)}`, { field });
  if (typeof value[0] === 'number') return { inputs: [takeTokens(value, field)], field: () => field };
  const inputs = value.map((item: unknown, position) => {
    if (typeof item === 'string') return item;
    const place = `${field}[${position}]`;
    if (Array.isArray(item)) return takeTokens(item, place);
    throw new VoisinError('invalid_argument', `${place}: expected a text or an array of token ids, got ${show(item)}`, { field: place });
  });
  return { inputs, field: (position) => `${field}[${position}]` };
}

function takeTokens(items: readonly unknown[], field: string): readonly number[] {
  if (items.length === 0)
    throw new VoisinError('invalid_argument', `${field}: expected token ids, got an empty list`, { field, empty: true });
  return items.map((item, position) => {
    if (typeof item === 'number' && Number.isSafeInteger(item) && item >= 0) return item;
    const place = `${field}[${position}]`;
    throw new VoisinError('invalid_argument', `${place}: expected a token id, a whole number of at least 0, got ${show(item)}`, {
      field: place,
    });
  });
}
