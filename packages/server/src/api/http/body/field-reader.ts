// The fields of a body that hold no vectors. Only texts, ids and token ids may be many or large: what else comes is bounded for the whole body,
// since it crosses to the event loop's thread, and making objects with many fields takes long there.

import { VoisinError } from '../../../errors.js';
import type { JsonReader } from './json-reader.js';
import type { ParseLimits } from './parse-body.js';

/** Of all objects and lists of a body together, but for those of vectors. */
const maxBytes = 1024 * 1024;

/** Of a body, and of what its fields hold: more than the largest metadata have that are accepted by default. */
const maxParts = 10_000;

/** No setting lets more texts into a request: the operation says how many it takes, where it gets to see them. */
const maxTexts = 100_000;

/** Of all lists of a body of texts: token ids are objects of the heap until they are checked. */
const maxNumbers = 1_000_000;

export class FieldReader {
  readonly #reader: JsonReader;
  readonly #limits: ParseLimits;
  #bytes = 0;
  #parts = 0;
  #numbers = 0;

  constructor(reader: JsonReader, limits: ParseLimits) {
    this.#reader = reader;
    this.#limits = limits;
  }

  /** Counts a field, or so many objects, lists and fields of them. */
  count(field: string, parts = 1): void {
    this.#parts += parts;
    if (this.#parts <= maxParts) return;
    const shown = field.slice(0, 100);
    const message = `${shown}: expected at most ${maxParts} fields, objects and lists in a body beside its vectors, got more`;
    throw new VoisinError('invalid_argument', message, { field: shown, limit: maxParts });
  }

  /** Any value. */
  value(field: string): unknown {
    const reader = this.#reader;
    const kind = reader.kind();
    const { at: start, parts: partsBefore } = reader;
    reader.skipValue();
    const bytes = reader.at - start;
    const isSmall = kind !== 'object' && kind !== 'array';
    const all = isSmall ? bytes : this.#bytes + bytes;
    if (all > maxBytes) {
      const shown = field.slice(0, 100);
      const got = all === bytes ? `${bytes}` : `${all} with the fields before it`;
      throw new VoisinError('invalid_argument', `${shown}: expected at most ${maxBytes} bytes, got ${got}`, { field: shown });
    }
    if (!isSmall) {
      this.#bytes = all;
      this.count(field, reader.parts - partsBefore);
    }
    reader.at = start;
    return this.#kept(field, reader.readValue());
  }

  /** Ids, or texts to search by. */
  list(field: string): unknown {
    const { maxItems, texts } = this.#limits;
    const most = Math.max(maxItems, texts?.most ?? 0);
    if (this.#reader.kind() !== 'array') return this.value(field);
    const items: unknown[] = [];
    this.#reader.readArray((index) => {
      if (index >= most) throw this.#tooManyItems(field, most);
      items.push(this.value(`${field}[${index}]`));
    });
    return items;
  }

  /** Texts and token ids, as many as may be; whatever else it is stays small, and the operation refuses it by name. */
  inputs(name: string): unknown {
    const field = name.slice(0, 100);
    const kind = this.#reader.kind();
    if (kind === 'string') return this.#kept(field, this.#reader.readValue());
    if (kind !== 'array') return this.value(field);
    const items: unknown[] = [];
    let others = 0;
    this.#reader.readArray((index) => {
      const item = this.#input(`${field}[${index}]`);
      if (typeof item === 'number') this.#numbers++;
      else others++;
      if (Array.isArray(item)) this.#numbers += item.length;
      if (this.#numbers > maxNumbers) throw tooMany(field, maxNumbers, `${maxNumbers} token ids`, 'more');
      if (others > maxTexts) throw this.#tooManyItems(field, maxTexts);
      items.push(item);
    });
    return items;
  }

  #input(field: string): unknown {
    const kind = this.#reader.kind();
    if (kind === 'object') return this.value(field);
    const item = this.#kept(field, this.#reader.readValue());
    if (!Array.isArray(item)) return item;
    const place = item.findIndex((one) => typeof one === 'object' && one !== null);
    if (place < 0) return item;
    const message = `${field}[${place}]: expected a token id, got ${Array.isArray(item[place]) ? 'an array' : 'an object'}`;
    throw new VoisinError('invalid_argument', message, { field: `${field}[${place}]` });
  }

  #kept(field: string, value: unknown): unknown {
    const { flaw } = this.#reader;
    if (flaw === undefined) return value;
    const shown = field.slice(0, 100);
    throw new VoisinError('invalid_argument', `${shown}: ${flaw}`, { field: shown });
  }

  /** Says what bounds them on this route, where that is not `most`. */
  #tooManyItems(field: string, most: number): VoisinError {
    const { texts } = this.#limits;
    if (texts === undefined) return tooMany(field, most, `${most} items`, 'more');
    return tooMany(field, texts.most, `${texts.most} items (${texts.setting})`, `more than ${most}`);
  }
}

function tooMany(field: string, limit: number, accepted: string, got: string): VoisinError {
  return new VoisinError('invalid_argument', `${field}: expected at most ${accepted}, got ${got}`, { field, limit });
}
