// The graph in the bytes that FAISS writes for an HNSW index.
import type { Index } from '../src/index.js';

/** Nodes that a walk on the lowest level does not come to from the entry point. */
export async function unreachedNodes(index: Index): Promise<number[]> {
  const { offsets, neighbours, entryPoint, lowestLinks } = parse(await index.serialize());
  const nodes = offsets.length - 1;
  const isReached = new Uint8Array(nodes);
  const ahead = nodes > 0 ? [entryPoint] : [];
  for (let node = ahead.pop(); node !== undefined; node = ahead.pop()) {
    if (isReached[node] === 1) continue;
    isReached[node] = 1;
    const start = offsets[node] ?? 0;
    for (const to of neighbours.subarray(start, start + lowestLinks)) {
      if (to < 0) break;
      ahead.push(to);
    }
  }
  return Array.from({ length: nodes }, (_, node) => node).filter((node) => isReached[node] === 0);
}

function parse(bytes: Uint8Array): { offsets: number[]; neighbours: Int32Array; entryPoint: number; lowestLinks: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Any classes before the graph's have headers of their own: the graph begins at its name.
  let at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('IHN') + 4;
  // dimension, ntotal, two unused numbers, is_trained, metric
  at += 4 + 8 + 8 + 8 + 1 + 4;
  const vector = (size: number): { at: number; count: number } => {
    const count = Number(view.getBigUint64(at, true));
    const start = at + 8;
    at = start + count * size;
    return { at: start, count };
  };
  vector(8);
  const links = vector(4);
  vector(4);
  const offsets = vector(8);
  const neighbours = vector(4);
  return {
    offsets: Array.from({ length: offsets.count }, (_, i) => Number(view.getBigUint64(offsets.at + i * 8, true))),
    neighbours: Int32Array.from({ length: neighbours.count }, (_, i) => view.getInt32(neighbours.at + i * 4, true)),
    entryPoint: view.getInt32(at, true),
    lowestLinks: view.getInt32(links.at + 4, true),
  };
}
