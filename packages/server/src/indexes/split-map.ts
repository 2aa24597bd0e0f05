// A Map in parts. A Map that grows moves all of its entries at once: half a million of them hold the event loop for 80 ms. A part is small, and the
// parts do not grow at the same moment.

/** Rows of one part: they ascend, so that the parts do as well. */
const rowsOfPart = 2 ** 14;
const partsOfIds = 64;
/** An id is told from others by so many characters at its start and at its end. */
const charactersRead = 32;

export class SplitMap<Key, Value> {
  readonly #partOf: (key: Key) => number;
  readonly #parts = new Map<number, Map<Key, Value>>();

  /** @param partOf the number of the part that a key belongs to */
  constructor(partOf: (key: Key) => number) {
    this.#partOf = partOf;
  }

  /** In the order of the rows, when they are added in their order. */
  static byRow<Value>(): SplitMap<number, Value> {
    return new SplitMap((row) => Math.floor(row / rowsOfPart));
  }

  static byId<Value>(): SplitMap<string, Value> {
    return new SplitMap(partOfId);
  }

  get size(): number {
    let sum = 0;
    for (const size of this.partSizes()) sum += size;
    return sum;
  }

  get(key: Key): Value | undefined {
    return this.#parts.get(this.#partOf(key))?.get(key);
  }

  has(key: Key): boolean {
    return this.#parts.get(this.#partOf(key))?.has(key) === true;
  }

  set(key: Key, value: Value): void {
    const at = this.#partOf(key);
    const part = this.#parts.get(at);
    if (part === undefined) this.#parts.set(at, new Map([[key, value]]));
    else part.set(key, value);
  }

  delete(key: Key): boolean {
    return this.#parts.get(this.#partOf(key))?.delete(key) === true;
  }

  *partSizes(): Generator<number, void> {
    for (const part of this.#parts.values()) yield part.size;
  }

  /** Part by part, in each in the order in which the keys came. */
  *entries(): Generator<[Key, Value], void> {
    for (const part of this.#parts.values()) yield* part;
  }

  *keys(): Generator<Key, void> {
    for (const part of this.#parts.values()) yield* part.keys();
  }
}

/** FNV-1a, which spreads numbers and names alike. */
function partOfId(id: string): number {
  let hash = 0x811c9dc5;
  const add = (from: number, to: number): void => {
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  };
  add(0, Math.min(id.length, charactersRead));
  add(Math.max(charactersRead, id.length - charactersRead), id.length);
  return (hash ^ (hash >>> 15)) & (partsOfIds - 1);
}
