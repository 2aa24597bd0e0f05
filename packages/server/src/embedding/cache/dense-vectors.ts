// Vectors of one length, side by side in pages of memory that are used again. An array of its own costs a vector of 384 values some 300 bytes more, stays
// until the garbage collector looks at old things, and thousands of them, freed here and there, leave malloc with holes.

/** malloc takes so large a block from the system and gives it back when it is freed; untouched it costs nothing. */
const PAGE_BYTES = 2 ** 20;

/** Where a vector lies. It may be moved. */
export interface Place {
  at: number;
}

/** There are no gaps: the last vector moves to where one is removed, so that no more than two pages are partly empty. */
export class DenseVectors<P extends Place> {
  readonly dimension: number;
  readonly #perPage: number;
  readonly #pages: Float32Array[] = [];
  readonly #places: P[] = [];

  /** @param dimension values of each vector */
  constructor(dimension: number) {
    this.dimension = dimension;
    this.#perPage = Math.max(1, Math.floor(PAGE_BYTES / Float32Array.BYTES_PER_ELEMENT / dimension));
  }

  get size(): number {
    return this.#places.length;
  }

  /** Of the pages. */
  get bytes(): number {
    return this.#pages.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Copies the vector; tells the place where it lies, now and whenever it moves. */
  add(vector: Float32Array, place: P): void {
    place.at = this.#places.push(place) - 1;
    if (place.at === this.#pages.length * this.#perPage) this.#pages.push(new Float32Array(this.#perPage * this.dimension));
    this.#view(place.at).set(vector);
  }

  /** A copy: what lies in a page may be another vector any time. */
  read({ at }: P): Float32Array {
    return this.#view(at).slice();
  }

  remove({ at }: P): void {
    const last = this.#places.pop();
    if (last === undefined) return;
    if (last.at !== at) {
      this.#view(at).set(this.#view(last.at));
      this.#places[at] = last;
      last.at = at;
    }
    // One empty page stays: vectors that come and go at its edge do not make it anew each time.
    const most = Math.ceil(this.#places.length / this.#perPage) + 1;
    if (this.#pages.length > most) this.#pages.length = most;
  }

  #view(at: number): Float32Array {
    const page = this.#pages[Math.floor(at / this.#perPage)];
    if (page === undefined) throw new RangeError(`no vector lies at ${at}`);
    const start = (at % this.#perPage) * this.dimension;
    return page.subarray(start, start + this.dimension);
  }
}
