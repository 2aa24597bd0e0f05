// One buffer that large bodies take turns with: a fresh one for each would lie about, megabytes apiece, until both heaps are collected.

/** Larger ones are not kept. */
const mostBytes = 16 * 1024 * 1024;

export class SpareBuffer {
  #spare: ArrayBuffer | undefined;

  /** @returns a buffer of that length over memory that is the caller's until it is given back */
  take(length: number): Buffer<ArrayBuffer> {
    const spare = this.#spare;
    if (spare === undefined || spare.byteLength < length) return Buffer.allocUnsafeSlow(length);
    this.#spare = undefined;
    return Buffer.from(spare, 0, length);
  }

  /** Keeps the larger of what it has and what it is given. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength <= mostBytes && buffer.byteLength > (this.#spare?.byteLength ?? 0)) this.#spare = buffer;
  }
}
