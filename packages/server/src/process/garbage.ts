// V8's garbage, collected when we say so.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;

/** Collects all garbage at once. Stops the calling thread meanwhile: some 20 ms for a heap of 35 MB. */
export function collectGarbage(): void {
  collect ??= findCollect();
  collect();
}

/** Collects what was made lately and is garbage already: 1 ms. For objects that hold memory outside the heap, which V8 does not know of. */
export function collectYoungGarbage(): void {
  collect ??= findCollect();
  collect({ type: 'minor' });
}

/** Bytes of V8's heap that are in use, garbage among them. */
export const heapBytes = (): number => getHeapStatistics().used_heap_size;

/** V8 shows the function to contexts that are made while the flag is set. */
function findCollect(): Collect {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return typeof found === 'function' ? (options) => void found(options) : () => undefined;
}
