// Node's own helper threads, which compile and collect garbage beside the event loop: searches come before them.
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { giveWay } from '@voisin/faiss';

/** Node starts them before any other thread: one that keeps their clock, and four (--v8-pool-size). */
const HELPERS = 5;
/** Ids are below it: PID_MAX_LIMIT of Linux on 64 bits. */
const MOST_IDS = 2 ** 22;

/**
 * Lets the helper threads run only where nobody else wants the core. On two cores the compiler took a search's core for 2 to 4 ms at a time, again
 * and again in the first thousands of requests: 5% of searches over 50,000 x 384 took more than 3 ms, and 1% of them 5.4; so 1.35 and 3.8.
 * Where the system does not list a process's threads, nothing happens.
 */
export function helpersGiveWay(): void {
  for (const thread of otherThreads().slice(0, HELPERS)) giveWay(thread);
  // The event loop's thread must not wait for those that give way: it does the short collections of the young generation alone. (The flags of the
  // full collection cannot be changed once the heap is there: V8 aborts.)
  setFlagsFromString('--no-parallel-scavenge');
}

/** All threads but the event loop's, the oldest first. Ids grow, other processes take some between, and after the highest they begin anew. */
function otherThreads(): number[] {
  const age = (id: number): number => (id > process.pid ? id : id + MOST_IDS);
  try {
    const ids = readdirSync('/proc/self/task').map(Number);
    return ids.filter((id) => id !== process.pid).sort((a, b) => age(a) - age(b));
  } catch {
    return [];
  }
}
