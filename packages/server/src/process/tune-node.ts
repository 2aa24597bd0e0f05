// Node as a server wants it: its helper threads come after searches and inference, and code that every request runs is compiled early.
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { giveWay } from '@voisin/faiss';

/** Node starts them before any other thread: one that keeps their clock, and four (--v8-pool-size). */
const HELPERS = 5;
/** Ids are below it: PID_MAX_LIMIT of Linux on 64 bits. */
const MOST_IDS = 2 ** 22;

/** Bytes of bytecode that a function runs through before V8 asks whether to compile it. V8's own is 135,168. */
const COMPILE_BUDGET = 10_000;

/** To be called once the program is loaded: code that runs once is not worth compiling. */
export function tuneNode(): void {
  helpersGiveWay();
  // A request runs most of its functions once, and V8 waits for some thousands of requests before it compiles them. Meanwhile each takes 0.8 ms of the
  // event loop's thread beside inference, where it would take 0.55: a text of 20 words is answered 0.3 ms sooner in a server's first thousands.
  // V8 12 (Node 22) counts calls instead, has no such flag, and would print a complaint.
  if (Number.parseInt(process.versions.v8) < 12) setFlagsFromString(`--interrupt-budget=${COMPILE_BUDGET}`);
  // The event loop's thread must not wait for those that give way: it does the short collections of the young generation alone. (The flags of the
  // full collection cannot be changed once the heap is there: V8 aborts.)
  setFlagsFromString('--no-parallel-scavenge');
}

/**
 * Lets the helper threads run only where nobody else wants the core. On two cores the compiler took a search's core for 2 to 4 ms at a time, again
 * and again in the first thousands of requests: 5% of searches over 50,000 x 384 took more than 3 ms, and 1% of them 5.4; so 1.35 and 3.8.
 * Where the system does not list a process's threads, nothing happens.
 */
function helpersGiveWay(): void {
  for (const thread of byAge(threadIds(), process.pid).slice(0, HELPERS)) giveWay(thread);
}

/** A process's threads but its first, whose id is the process's, the oldest first. Ids grow; other processes take some between, and after the highest they begin anew. */
export function byAge(ids: readonly number[], pid: number): number[] {
  const age = (id: number): number => (id > pid ? id : id + MOST_IDS);
  return ids.filter((id) => id !== pid).toSorted((a, b) => age(a) - age(b));
}

function threadIds(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [];
  }
}
