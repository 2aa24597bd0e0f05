// How many files this process may have open at a time; every connection is one.
import { readFileSync } from 'node:fs';

/** @returns undefined where the system does not tell, and where it sets no bound */
export function maxOpenFiles(read: () => string = () => readFileSync('/proc/self/limits', 'latin1')): number | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(read())?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
