// Floats of which nobody knows in advance how many there will be.

export class FloatSink {
  length = 0;
  #floats: Float32Array;
  readonly #shareRead: () => number;

  /** @param shareRead which share (0 to 1) of the text that the floats stand in was read: it tells how much room they will take */
  constructor(capacity = 512, shareRead: () => number = () => 0) {
    this.#floats = new Float32Array(capacity);
    this.#shareRead = shareRead;
  }

  push(value: number): void {
    if (this.length === this.#floats.length) this.#grow();
    this.#floats[this.length++] = value;
  }

  /** What was pushed, in a buffer of its own: copied only when much more was set aside. */
  take(): Float32Array {
    const { length } = this;
    return length * 1.25 >= this.#floats.length ? this.#floats.subarray(0, length) : this.#floats.slice(0, length);
  }

  /** Doubling would take up to three times what is needed for a moment: the text read so far says better how much is still to come. */
  #grow(): void {
    const { length } = this;
    const expected = (length / this.#shareRead()) * 1.02;
    const capacity = Number.isFinite(expected) ? Math.max(expected, length * 1.1) : length * 2;
    const larger = new Float32Array(Math.max(512, Math.ceil(capacity)));
    larger.set(this.#floats);
    this.#floats = larger;
  }
}
