// What a server has in memory, split into what can be told apart from outside: its own figures at /metrics, and the kernel's.
import { readFileSync } from 'node:fs';
import { openClient, request } from './client.mjs';

/** @returns MB: resident; of that V8's heap, what V8 knows to lie outside of it, what the indexes say they take, pages of files, and the rest */
export async function readMemory({ url, pid }) {
  // A connection of its own: the server closes one that was idle between two readings.
  const client = await openClient(url);
  const { text } = await client.send(request('GET', '/metrics'));
  client.close();
  const figure = (name) => {
    let sum = 0;
    for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))) sum += Number(value);
    return sum / 1e6;
  };
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kernel = (name) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0) * 1024) / 1e6;
  const resident = kernel('Rss');
  const files = resident - kernel('Anonymous');
  const heap = figure('nodejs_heap_size_total_bytes');
  const used = figure('nodejs_heap_size_used_bytes');
  const external = figure('nodejs_external_memory_bytes');
  const indexes = figure('voisin_index_memory_bytes');
  return { resident, heap, used, external, indexes, files, rest: resident - heap - external - indexes - files };
}

const columns = ['resident', 'heap', 'used', 'external', 'indexes', 'files', 'rest'];

export function showMemory(what, memory) {
  return `${what.padEnd(30)} ${columns.map((name) => `${name} ${memory[name].toFixed(0).padStart(4)}`).join('  ')}`;
}

/** The growth of a line through the levels (least squares), from the first to the last, in percent of their mean. */
export function growth(levels) {
  const level = levels.reduce((sum, one) => sum + one, 0) / levels.length;
  const middle = (levels.length - 1) / 2;
  let [up, across] = [0, 0];
  for (const [at, one] of levels.entries()) {
    up += (at - middle) * (one - level);
    across += (at - middle) ** 2;
  }
  return { level, percent: across === 0 ? 0 : ((up / across) * (levels.length - 1) * 100) / level };
}
