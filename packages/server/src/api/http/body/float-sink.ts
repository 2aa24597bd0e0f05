// Floats of which nobody knows in advance how many will come.

export class FloatSink {
  length = 0;
  #floats: Float32Array;

  constructor(capacity = 512) {
    this.#floats = new Float32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#floats.length) this.#grow();
    this.#floats[this.length++] = value;
  }

  /** What came, in a buffer of its own: copied only when much more was set aside. */
  take(): Float32Array {
    const { length } = this;
    return length * 1.25 >= this.#floats.length ? this.#floats.subarray(0, length) : this.#floats.slice(0, length);
  }

  #grow(): void {
    const larger = new Float32Array(Math.max(512, this.#floats.length * 2));
    larger.set(this.#floats);
    this.#floats = larger;
  }
}
