// What a process and those that it started have in memory, in MB.
import { readFileSync } from 'node:fs';

/**
 * @returns {{ pss: number, own: number, rss: number }} pss: pages that several share are divided among them, so that the sum is what all take; own: of
 *   that, what stands in no file, which does not depend on who else runs the same program
 */
export function memoryOf(pid) {
  const processes = [pid, ...childrenOf(pid)];
  const sum = (field) => processes.reduce((total, one) => total + fieldOf(one, field), 0);
  return { pss: sum('Pss'), own: sum('Pss_Anon'), rss: sum('Rss') };
}

export function childrenOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...childrenOf(child)]);
}

function fieldOf(pid, field) {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  if (found === null) throw new Error(`this system does not tell ${field}`);
  return (Number(found[1]) * 1024) / 1e6;
}
