// Node's own helper threads, which compile and collect garbage beside the event loop: searches come before them.
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { giveWay } from '@voisin/faiss';

/** Node starts them before anything else: one that keeps their clock, and four (--v8-pool-size). */
const HELPERS = 5;

/**
 * Lets the helper threads run only where nobody else wants the core. On two cores the compiler took a search's core for 2 to 4 ms at a time, again
 * and again in the first thousands of requests: 5% of searches over 50,000 x 384 took more than 3 ms, and 1% of them 5.4; so 1.35 and 3.8.
 * Where the system does not list a process's threads, nothing happens.
 */
export function helpersGiveWay(): void {
  for (const thread of threadIds()) {
    if (thread > process.pid && thread <= process.pid + HELPERS) giveWay(thread);
  }
  // The event loop's thread must not wait for those that give way: it does the short collections of the young generation alone. (The flags of the
  // full collection cannot be changed once the heap is there: V8 aborts.)
  setFlagsFromString('--no-parallel-scavenge');
}

function threadIds(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [];
  }
}
