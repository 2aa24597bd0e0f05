// What the tests of the stream formats share.

/** The bytes as a stream of chunks of `size` bytes, and whether it was let go. */
export function streamOf(bytes: Uint8Array, size = 7): AsyncIterable<Uint8Array> & { closed: boolean; taken: number } {
  const source = {
    closed: false,
    taken: 0,
    async *[Symbol.asyncIterator]() {
      try {
        for (let i = 0; i < bytes.length; i += size) {
          source.taken += size;
          yield bytes.subarray(i, i + size);
        }
      } finally {
        source.closed = true;
      }
    },
  };
  return source;
}

export async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
