// The fields of a body that hold no vectors. Only texts, ids and token ids may be many or large: what else comes is bounded for the whole body,
// since it crosses to the event loop's thread, and making objects with many fields takes long there.

import { VoisinError } from '../../../errors.js';
import { vectorIdProblem } from '../../../operations/vector-id.js';
import type { JsonReader } from './json-reader.js';
import type { ParseLimits } from './parse-body.js';

/** Of all objects and lists of a body together, but for those of vectors. */
const maxBytes = 1024 * 1024;

/** Of a body, and of what its fields hold: more than the largest metadata have that are accepted by default. */
const maxParts = 10_000;

/** Items of all plain lists of a body together. */
const maxItems = 100_000;

/** The operation says in its own words that some texts are too many, where it gets to see them; beyond, they are only counted. */
const moreTexts = 10_000;

/** Of a list that no setting bounds. */
const maxTexts = 100_000;

/** Of all lists of a body of texts: token ids are objects of the heap until they are checked. */
const maxNumbers = 1_000_000;

export class FieldReader {
  readonly #reader: JsonReader;
  readonly #limits: ParseLimits;
  #bytes = 0;
  #parts = 0;
  #items = 0;
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

  /** A text, as long as the body may be: the operation knows its bound. */
  text(field: string): unknown {
    return this.#reader.kind() === 'string' ? this.#kept(field, this.#reader.readValue()) : this.value(field);
  }

  /** Any value. */
  value(field: string): unknown {
    const reader = this.#reader;
    const kind = reader.kind();
    const { at: start, parts: partsBefore, commas: commasBefore } = reader;
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
      this.#items += reader.commas - commasBefore;
      if (this.#items > maxItems) throw tooMany(field.slice(0, 100), maxItems, `${maxItems} items in the lists of a body`, 'more');
    }
    reader.at = start;
    return this.#kept(field, reader.readValue());
  }

  /** Ids, each checked; the reader stands before a list. */
  ids(): { joined: string; count: number } {
    const reader = this.#reader;
    const { maxItems: most, maxIdBytes } = this.#limits;
    const ids: string[] = [];
    const count = reader.readArray((index) => {
      const id = reader.kind() === 'string' ? reader.readString() : undefined;
      const problem = id === undefined ? `expected a string, got ${reader.describeValue()}` : vectorIdProblem(id, maxIdBytes);
      if (problem !== undefined) throw new VoisinError('invalid_argument', `ids[${index}]: ${problem}`, { field: `ids[${index}]` });
      ids.push(id ?? '');
    }, most);
    if (count > most) throw new VoisinError('invalid_argument', `ids: expected at most ${most} ids, got ${count}`, { field: 'ids' });
    return { joined: ids.join('\n'), count };
  }

  /** Texts to search by. */
  list(field: string): unknown {
    if (this.#reader.kind() !== 'array') return this.value(field);
    const most = this.#mostTexts;
    const items: unknown[] = [];
    const count = this.#reader.readArray((index) => {
      items.push(this.value(`${field}[${index}]`));
    }, most);
    if (count > most) throw this.#tooManyItems(field, count);
    return items;
  }

  /** Texts and token ids, as many as may be; whatever else it is stays small, and the operation refuses it by name. */
  inputs(name: string): unknown {
    const field = name.slice(0, 100);
    const reader = this.#reader;
    const kind = reader.kind();
    if (kind === 'string') return this.#kept(field, reader.readValue());
    if (kind !== 'array') return this.value(field);
    const most = this.#mostTexts;
    const items: unknown[] = [];
    let others = 0;
    reader.readArray((index) => {
      if (reader.kind() === 'number') {
        this.#count(field, 1);
        items.push(reader.readValue());
        return;
      }
      others++;
      // Counted only: it is refused below.
      if (others > most) reader.skipValue();
      else items.push(this.#input(field, index));
    });
    if (others > most) throw this.#tooManyItems(field, others);
    return items;
  }

  #input(field: string, index: number): unknown {
    const reader = this.#reader;
    const kind = reader.kind();
    const place = `${field}[${index}]`;
    if (kind === 'string') return this.#kept(place, reader.readValue());
    if (kind !== 'array') return this.value(place);
    const { at: start, parts: partsBefore, commas: commasBefore } = reader;
    reader.skipValue();
    this.#count(field, reader.commas - commasBefore);
    const isFlat = reader.parts === partsBefore + 1;
    reader.at = start;
    if (isFlat) return this.#kept(place, reader.readValue());
    reader.readArray((position) => {
      const item = reader.kind();
      if (item !== 'array' && item !== 'object') return reader.skipValue();
      const token = `${place}[${position}]`;
      throw new VoisinError('invalid_argument', `${token}: expected a token id, got an ${item}`, { field: token });
    });
    throw reader.notJson('a token id');
  }

  #kept(field: string, value: unknown): unknown {
    const { flaw } = this.#reader;
    if (flaw === undefined) return value;
    const shown = field.slice(0, 100);
    throw new VoisinError('invalid_argument', `${shown}: ${flaw}`, { field: shown });
  }

  /** Counts token ids. */
  #count(field: string, numbers: number): void {
    this.#numbers += numbers;
    if (this.#numbers > maxNumbers) throw tooMany(field, maxNumbers, `${maxNumbers} token ids`, 'more');
  }

  /** How many texts are read: the operation refuses those that are only a few too many. */
  get #mostTexts(): number {
    const { texts } = this.#limits;
    return texts === undefined ? maxTexts : texts.most + moreTexts;
  }

  /** Says what bounds them on this route. */
  #tooManyItems(field: string, got: number): VoisinError {
    const { texts } = this.#limits;
    if (texts === undefined) return tooMany(field, maxTexts, `${maxTexts} items`, `${got}`);
    return tooMany(field, texts.most, `${texts.most} items (${texts.setting})`, `${got}`);
  }
}

function tooMany(field: string, limit: number, accepted: string, got: string): VoisinError {
  return new VoisinError('invalid_argument', `${field}: expected at most ${accepted}, got ${got}`, { field, limit });
}
